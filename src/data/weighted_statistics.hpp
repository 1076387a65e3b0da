#pragma once

#include <span>

#include "data/statistics.hpp"

namespace hourglass {

/// Mean and deviation of every feature with sample i counted w_i times, w_i >= 0:
///   mean = sum w x / sum w,  deviation = sqrt(sum w (x - mean)^2 / sum w)
/// One pass, shared among the ranks, with the same bits on any number of them: the rows are cut
/// into parts that do not depend on ranks; within a part West's update is applied ("Updating mean
/// and variance estimates: an improved method", 1979), and parts are merged in their order as in
/// feature_statistics(), whose errors it throws. Collective.
[[nodiscard]] FeatureStatistics weighted_statistics(const Communicator& communicator,
                                                    const DatasetReader& reader,
                                                    std::span<const float> weights);

}  // namespace hourglass
