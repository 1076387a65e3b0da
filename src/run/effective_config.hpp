#pragma once

#include "config/config.hpp"
#include "data/statistics.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The configuration completed from the data: the image's shape and the weights of features.
/// `measured`, unless it is null, receives the statistics of the features where the means of
/// missing elements need a pass over the data. Throws Error(usage), on every rank, when the
/// resulting model is invalid. Collective.
[[nodiscard]] TrainConfig effective_config(const Communicator& communicator,
                                           const TrainConfig& config, const DatasetReader& data,
                                           FeatureStatistics* measured = nullptr);

}  // namespace hourglass
