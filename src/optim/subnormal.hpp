#pragma once

#include <cmath>
#include <limits>

namespace hourglass {

/// Zero instead of a subnormal number; every other value, NaN included, unchanged.
///
/// The moments of a weight whose gradient stays 0 (a dead unit) decay into the subnormal range and,
/// being rounded there, never reach 0: every later update would pay the processor's slow path for
/// them.
[[nodiscard]] inline float flush_subnormal(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? 0.0F : value;
}

}  // namespace hourglass
