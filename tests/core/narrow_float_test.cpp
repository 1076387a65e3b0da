#include "core/narrow_float.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace hourglass {
namespace {

// By the definition of the format.
float slow_float16(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FFU);
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? HUGE_VALF : std::nanf("");
  } else {
    value = std::ldexp(fraction + 1024.0F, exponent - 25);
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

TEST(NarrowFloat, every_float16_is_widened_exactly) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const float expected = slow_float16(static_cast<std::uint16_t>(bits));
    const float value = float16_value(static_cast<std::uint16_t>(bits));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(expected))
          << bits;
    }
  }
}

TEST(NarrowFloat, bytes_may_be_swapped_and_unaligned) {
  // 1, -2 and the largest finite number.
  for (const auto& [format, bits, values] :
       {std::tuple{NarrowFloat::float16, std::array<std::uint16_t, 3>{0x3C00, 0xC000, 0x7BFF},
                   std::array{1.0F, -2.0F, 65504.0F}},
        {NarrowFloat::bfloat16, {0x3F80, 0xC000, 0x7F7F}, {1.0F, -2.0F, 0x1.FEp127F}}}) {
    for (const bool swapped : {false, true}) {
      std::array<std::byte, 7> stored{};
      for (std::size_t i = 0; i < bits.size(); ++i) {
        const auto word =
            static_cast<std::uint16_t>(swapped ? bits[i] << 8 | bits[i] >> 8 : bits[i]);
        std::memcpy(stored.data() + 1 + 2 * i, &word, 2);
      }
      std::array<float, 3> wide{};
      widen(format, swapped, std::span(stored).subspan(1), std::as_writable_bytes(std::span(wide)));
      EXPECT_EQ(wide, values) << name_of(format);
    }
  }
}

}  // namespace
}  // namespace hourglass
