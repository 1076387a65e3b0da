#pragma once

#include <string>
#include <vector>

#include "core/condition.hpp"
#include "hourglass/core/types.hpp"
#include "model/distilled.hpp"
#include "model/layer_choice.hpp"

namespace hourglass {

/// Settings of a training that makes use of trained models.
struct TransferSettings {
  std::string init_from;    ///< model, checkpoint or run folder with the initial weights
  LayerChoice init_layers;  ///< that are taken from it; empty: all
  LayerChoice freeze;       ///< layers that are not trained
  std::string teacher;      ///< model to imitate; empty: none
  Distill distill = Distill::codes;
  std::string teacher_digest;   ///< of its weights: no setting, but found in its file
  double distill_weight = 0.5;  ///< w of the loss (1 - w) L + w L_teacher
};

/// What a run took of a trained model: no setting, but found in that model, and from then on in the
/// checkpoints of the run.
struct ModelOrigin {
  std::string path;                   ///< file of the model
  std::string digest;                 ///< of its weights
  std::string taken;                  ///< for people: what was taken and what started anew
  std::vector<Condition> conditions;  ///< that the model knew

  [[nodiscard]] bool known() const { return !digest.empty(); }
};

struct TrainConfig;
/// Throws Error(usage) naming settings that cannot be combined.
void check_transfer(const TrainConfig& config);

}  // namespace hourglass
