#pragma once

#include "config/config.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The configuration with what only the data tell: the image's shape and the weights of features.
/// Throws Error(usage), on every rank, when the model that comes of it makes no sense. Collective.
[[nodiscard]] TrainConfig effective_config(const Communicator& communicator,
                                           const TrainConfig& config, const DatasetReader& data);

}  // namespace hourglass
