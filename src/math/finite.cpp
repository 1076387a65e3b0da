#include "math/finite.hpp"

#include <bit>
#include <cstdint>

namespace hourglass {

bool all_finite(std::span<const float> values) {
  // Infinities and NaNs have an exponent of ones: as integers without the sign they are the
  // largest. A maximum is a loop that vectorises.
  constexpr std::uint32_t without_sign = 0x7fffffffU;
  constexpr std::uint32_t infinity = 0x7f800000U;
  std::uint32_t largest = 0;
  for (const float value : values) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & without_sign;
    largest = bits > largest ? bits : largest;
  }
  return largest < infinity;
}

}  // namespace hourglass
