#pragma once

#include <vector>

namespace hourglass {

/// A median and the interval between two of the sorted values that holds the true median with the
/// given probability, whatever the distribution: the narrowest symmetric one of at least 95 %, or
/// from the smallest to the largest value where there are too few for that (then with its true,
/// lower probability: 1 - 2^(1 - n), e.g. 93.75 % for five).
struct MedianEstimate {
  double median = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;  ///< 0 for a single value: no interval
};

/// Throws Error(bug) for no values. The even case takes the mean of the middle two.
[[nodiscard]] double median_of(std::vector<double> values);
[[nodiscard]] MedianEstimate estimate_median(std::vector<double> values);

}  // namespace hourglass
