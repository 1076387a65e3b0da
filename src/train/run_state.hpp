#pragma once

#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "engine/stage.hpp"
#include "math/exact_sum.hpp"
#include "train/history.hpp"
#include "train/unit_history.hpp"

namespace hourglass {

/// Where a run stands: between two updates.
struct Position {
  Index stage = 0;  ///< layers pretrained; from RunPlan::layers() on: the whole network is trained
  Index epoch = 0;  ///< epochs of the stage completed
  Index step_in_epoch = 0;  ///< updates made in the current epoch
  Index step = 0;           ///< updates made so far
  Index samples = 0;        ///< samples seen so far
};

/// Sums over the samples of the epoch in progress.
struct EpochSums {
  ExactSum loss;
  ExactSum squared_error;
  ExactSum penalty;
  Index samples = 0;
  /// Variational: of each code unit's KL divergence, in nats; empty before the first update.
  std::vector<double> unit_divergences;
  /// The samples of these: less than `samples` in an epoch that a version without them began.
  Index divergence_samples = 0;

  [[nodiscard]] double mean(const ExactSum& sum) const {
    return sum.value() / static_cast<double>(samples);
  }
  [[nodiscard]] std::vector<double> mean_divergences() const;
};

/// The state of a run besides its parameters and the optimizer's: with those, a checkpoint holds
/// all that the rest of the run depends on. The same on every rank.
struct RunState {
  Position position;
  EpochSums sums;
  UnitHistory units;  ///< of the whole network's code
  History history;

  /// Counts an update with these sums, for which `samples` samples were passed through.
  void count_update(const StepTotals& totals, Index samples);
  /// Counts an epoch and begins the next with empty sums.
  void finish_epoch();
  /// Goes on to the first epoch of the next stage.
  void finish_stage();

  /// Everything, as entries of a checkpoint's header.
  void store(StateHeader& header) const;
  /// Reads it back. Throws Error(data) naming `file` when the header is a model's or incomplete.
  [[nodiscard]] static RunState load(const StateHeader& header, const std::string& file);
};

}  // namespace hourglass
