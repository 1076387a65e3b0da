#pragma once

#include <cmath>
#include <limits>

namespace hourglass {

/// Zero for a subnormal number; every other value, NaN included, unchanged.
///
/// The moments of a weight whose gradient stays 0 (a dead unit) decay into the subnormal range and,
/// rounded there, never reach 0: every later update would take the processor's slow path.
[[nodiscard]] inline float flush_subnormal(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? 0.0F : value;
}

/// Whether the numbers of this norm count as zeros where a direction is brought to a size of its
/// own: the factor from 1e-30 on would leave single precision, and make NaN of elements that are 0.
/// Such gradients are what a saturated sigmoid lets through, rounding errors of nothing.
[[nodiscard]] inline bool vanishes(double norm) { return norm < 1e-30; }

}  // namespace hourglass
