#pragma once

#include <bit>
#include <cstdint>

namespace hourglass {

/// bfloat16: the upper half of a float, 8 bits of precision; as plain integers, so that no compiler
/// type is needed.
using Bfloat16 = std::uint16_t;

/// The nearest bfloat16, ties to even; relative error at most 2^-8. Integer arithmetic, the same
/// bits on every CPU (the hardware's instruction flushes subnormals). A NaN stays a NaN; overflow
/// gives infinity.
[[nodiscard]] inline Bfloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = bits + 0x7FFFU + ((bits >> 16) & 1U);
  const std::uint32_t quiet = bits | 0x400000U;
  return static_cast<Bfloat16>(((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : rounded) >> 16);
}

/// The same number as a float: exact.
[[nodiscard]] inline float to_float(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

/// A float rounded to the precision of a bfloat16.
[[nodiscard]] inline float rounded_to_bfloat16(float value) { return to_float(to_bfloat16(value)); }

}  // namespace hourglass
