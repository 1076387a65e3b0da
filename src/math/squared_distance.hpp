#pragma once

#include <span>

namespace hourglass {

/// |a - b|^2 in double, summed in the order of the elements. Both have the same length.
[[nodiscard]] double squared_distance(std::span<const float> a, std::span<const float> b);

}  // namespace hourglass
