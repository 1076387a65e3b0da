#pragma once

#include <span>

namespace hourglass {

/// Whether no value is infinite or not a number, at the speed of memory.
[[nodiscard]] bool all_finite(std::span<const float> values);

}  // namespace hourglass
