#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hourglass {

/// Floating-point numbers of two bytes as they are stored; in memory they are float32.
enum class NarrowFloat {
  none,      ///< numbers are of another size
  float16,   ///< IEEE 754 binary16: 5 bits of exponent, 10 of significand
  bfloat16,  ///< the upper half of a float32: 8 bits of exponent, 7 of significand
};

[[nodiscard]] std::string_view name_of(NarrowFloat format);  ///< "float16", "bfloat16", ""

/// The float16 with these bits, exactly; a NaN stays a NaN.
[[nodiscard]] float float16_value(std::uint16_t bits);

/// Numbers of `format`, in the other byte order than this machine's if `swapped`, as float32:
/// exactly. `stored` has n times two bytes and `values` n times four; neither needs alignment, and
/// they may not overlap.
void widen(NarrowFloat format, bool swapped, std::span<const std::byte> stored,
           std::span<std::byte> values);

}  // namespace hourglass
