#pragma once

#include "config/config.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The configuration completed from the data: the image's shape and the weights of features.
/// Throws Error(usage), on every rank, when the resulting model is invalid. Collective.
[[nodiscard]] TrainConfig effective_config(const Communicator& communicator,
                                           const TrainConfig& config, const DatasetReader& data);

}  // namespace hourglass
