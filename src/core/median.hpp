#pragma once

#include <vector>

namespace hourglass {

/// A median and its confidence interval, between two of the sorted values, for any distribution:
/// the narrowest symmetric interval of at least 95 %, or from the smallest to the largest value
/// where n values are too few for that (then with its true, lower confidence 1 - 2^(1 - n), e.g.
/// 93.75 % for five).
struct MedianEstimate {
  double median = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;  ///< 0 for a single value: no interval
};

/// The mean of the middle two where their number is even. Throws Error(bug) for no values.
[[nodiscard]] double median_of(std::vector<double> values);
[[nodiscard]] MedianEstimate estimate_median(std::vector<double> values);

}  // namespace hourglass
