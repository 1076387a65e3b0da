#pragma once

#include <span>

namespace hourglass {

/// Whether every value is finite: neither infinite nor NaN. Runs at memory bandwidth.
[[nodiscard]] bool all_finite(std::span<const float> values);

}  // namespace hourglass
