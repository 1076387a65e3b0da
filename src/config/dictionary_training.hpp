#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

struct TrainConfig;

/// Samples without use after which a unit counts as dead, of a run over so many training samples in
/// batches of `batch`: the setting, or an eighth of the samples, at least 16 batches and at most
/// 10^7 (the usual number for billions of samples).
[[nodiscard]] Index dead_after(const TrainConfig& config, Index samples);

/// Throws Error(usage) for settings of a dictionary that the rest of the run does not go with.
void check_dictionary_training(const TrainConfig& config);
/// The same of a dictionary that is divided among ranks.
void check_dictionary_shards(const TrainConfig& config);

}  // namespace hourglass
