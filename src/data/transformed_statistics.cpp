#include "data/transformed_statistics.hpp"

#include <algorithm>
#include <limits>

namespace hourglass {

double total_variance(const FeatureStatistics& statistics, const InputTransform& transform,
                      Index first) {
  Index most = 0;
  for (const Index count : statistics.count) most = std::max(most, count);
  double sum = 0;
  for (auto c = static_cast<std::size_t>(first); c < statistics.deviation.size(); ++c) {
    double deviation = statistics.deviation[c] / transform.divisor;
    if (!transform.mean.empty()) deviation *= static_cast<double>(transform.inverse_deviation[c]);
    const double share =
        most > 0 ? static_cast<double>(statistics.count[c]) / static_cast<double>(most) : 1.0;
    sum += share * deviation * deviation;
  }
  return sum;
}

double unexplained_share(double error, double variance) {
  return variance > 0 ? error / variance : std::numeric_limits<double>::quiet_NaN();
}

std::vector<float> transformed_mean(const FeatureStatistics& statistics,
                                    const InputTransform& transform) {
  std::vector<float> result;
  for (std::size_t c = 0; c < statistics.mean.size(); ++c) {
    double mean = statistics.mean[c] / transform.divisor;
    if (!transform.mean.empty()) {
      const double subtracted = transform.exact_mean.empty()
                                    ? static_cast<double>(transform.mean[c])
                                    : transform.exact_mean[c];
      mean = (mean - subtracted) * static_cast<double>(transform.inverse_deviation[c]);
    }
    result.push_back(static_cast<float>(mean));
  }
  return result;
}

}  // namespace hourglass
