#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

struct TrainConfig;

/// Local steps: groups of shards that update weights of their own and meet at intervals
/// (engine/outer_step.hpp).
struct LocalStepSettings {
  Index every = 0;   ///< H: steps between two meetings; 0: every step sums all gradients
  Index groups = 0;  ///< G: how many groups the shards are divided into
  double rate = 0.7;
  double momentum = 0.9;  ///< Nesterov's

  [[nodiscard]] bool on() const { return every > 0; }
};

/// The groups of shards whose gradients are summed apart: 1 unless steps are local.
[[nodiscard]] Index shard_groups(const TrainConfig& config);

/// Throws Error(usage) for local steps that are out of range, or that other settings exclude
/// because these need the whole batch, all gradients or one history of weights.
void check_local_steps(const TrainConfig& config);

}  // namespace hourglass
