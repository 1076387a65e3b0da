#pragma once

#include <vector>

#include "data/statistics.hpp"

namespace hourglass {

/// The mean over the samples of |x - mean|^2, x being samples after `transform`, of the statistics
/// of what is stored and of the features from `first`. Elements that are missing count as 0.
[[nodiscard]] double total_variance(const FeatureStatistics& statistics,
                                    const InputTransform& transform, Index first = 0);

/// The fraction of a total variance that a squared error, the mean over samples, leaves
/// unexplained: error / variance; NaN where all samples are equal, of which there is no fraction.
[[nodiscard]] double unexplained_share(double error, double variance);

/// The features' means after `transform`.
[[nodiscard]] std::vector<float> transformed_mean(const FeatureStatistics& statistics,
                                                  const InputTransform& transform);

}  // namespace hourglass
