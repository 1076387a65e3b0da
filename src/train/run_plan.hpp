#pragma once

#include <cstdint>
#include <string>

#include "config/config.hpp"
#include "data/shard_plan.hpp"
#include "engine/stage.hpp"
#include "model/autoencoder.hpp"
#include "optim/schedule.hpp"
#include "train/pretraining.hpp"
#include "train/run_state.hpp"

namespace hourglass {

/// The stages of a run and their lengths: each layer that is pretrained, from the input up, then
/// the whole network. Arithmetic of the configuration and the number of samples alone.
class RunPlan {
 public:
  /// Both references outlive this; the configuration is valid.
  RunPlan(const TrainConfig& config, const Autoencoder& network, Index samples);

  /// Throws Error(usage) for a rank count or a schedule that does not fit the samples.
  void check(int rank, int ranks) const;
  /// Whether the course of the run depends on validation errors: by --keep-best, --early-stopping
  /// or the schedule.
  [[nodiscard]] bool depends_on_validation() const;

  [[nodiscard]] const TrainConfig& config() const { return config_; }
  [[nodiscard]] const Pretraining& pretraining() const { return pretraining_; }
  /// Layers that are pretrained; also the stage in which the whole network is.
  [[nodiscard]] Index layers() const { return pretraining_.stages(); }
  [[nodiscard]] bool is_pretraining(Index stage) const { return stage < layers(); }

  [[nodiscard]] const ShardPlan& shards(Index stage) const {
    return is_pretraining(stage) ? pretraining_shards_ : shards_;
  }
  [[nodiscard]] StageSettings settings(Index stage) const;
  /// The base rate as the user sets it, before it is scaled to the batch.
  [[nodiscard]] double base_learning_rate(Index stage) const;
  [[nodiscard]] Index epochs(Index stage) const;
  [[nodiscard]] Index updates_per_epoch(Index stage) const;
  /// Updates of all stages.
  [[nodiscard]] Index total_steps() const;

  /// The number of an epoch of a stage among those of all stages, so that none repeats the sample
  /// order and the noise of another.
  [[nodiscard]] std::uint32_t epoch_number(Index stage, Index epoch) const;
  /// Factors of penalty weights in the next update; 1 while layers are pretrained.
  [[nodiscard]] PenaltyFactors penalty_factors(const Position& position) const;
  /// Updates of the current stage before this position.
  [[nodiscard]] Index step_in_stage(const Position& position) const;

 private:
  // Of the whole network.
  [[nodiscard]] Schedule schedule() const;

  const TrainConfig& config_;
  const Autoencoder& network_;
  Pretraining pretraining_;
  ShardPlan shards_;
  ShardPlan pretraining_shards_;
};

}  // namespace hourglass
