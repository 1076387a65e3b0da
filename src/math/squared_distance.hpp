#pragma once

#include <span>

namespace hourglass {

/// |a - b|^2 in double, summed in the order of the elements. Both have the same length.
[[nodiscard]] double squared_distance(std::span<const float> a, std::span<const float> b);

/// The squared error of an output for a sample: the sum over the elements of `sample` that are
/// there (not NaN), times the number of all over theirs; 0 when none is. Without a NaN the same
/// bits as squared_distance.
[[nodiscard]] double present_squared_distance(std::span<const float> output,
                                              std::span<const float> sample);

}  // namespace hourglass
