#pragma once

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The configuration with the weights that --feature-weights stands for: the numbers of a data set
/// (as many as features, of any shape), or "inverse-variance", 1 / (v + m / 100) of the variance v
/// of each feature of the training data and its mean m over the features, scaled to a mean of 1
/// (the addition bounds the weights of features that hardly vary). Collective. Throws Error(usage)
/// or Error(data) on every rank.
[[nodiscard]] TrainConfig with_feature_weights(const Communicator& communicator, TrainConfig config,
                                               const DatasetReader& data);

/// The weights as an entry of a state file's header, and back (empty when it has none).
void store_feature_weights(const std::vector<float>& weights, StateHeader& header);
[[nodiscard]] std::vector<float> load_feature_weights(const StateHeader& header);

}  // namespace hourglass
