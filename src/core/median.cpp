#include "core/median.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"

namespace hourglass {

double median_of(std::vector<double> values) {
  require(!values.empty(), "a median of no values");
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

MedianEstimate estimate_median(std::vector<double> values) {
  std::ranges::sort(values);
  MedianEstimate estimate;
  estimate.median = median_of(values);
  const auto n = static_cast<double>(values.size());
  // Without the k smallest and the k largest values, the interval misses the median when at most k
  // of n coins show heads, or at most k show tails.
  double tail = 0;
  double term = std::pow(0.5, n);
  std::size_t k = 0;
  for (std::size_t out = 0; 2 * out + 1 < values.size(); ++out) {
    tail += term;
    if (out > 0 && 1 - 2 * tail < 0.95) break;
    estimate.confidence = 1 - 2 * tail;
    k = out;
    term *= (n - static_cast<double>(out)) / static_cast<double>(out + 1);
  }
  estimate.low = values[k];
  estimate.high = values[values.size() - 1 - k];
  return estimate;
}

}  // namespace hourglass
