#include "core/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hourglass {
namespace {

TEST(Bfloat16, every_bfloat16_comes_back) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const float value = to_float(static_cast<Bfloat16>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(rounded_to_bfloat16(value)));
    } else {
      ASSERT_EQ(to_bfloat16(value), bits);
    }
  }
}

TEST(Bfloat16, rounds_to_the_nearest_and_ties_to_even) {
  EXPECT_EQ(rounded_to_bfloat16(1.0F + 0x1p-8F), 1.0F);  // a tie: the even neighbour is below
  EXPECT_EQ(rounded_to_bfloat16(1.0F + 3 * 0x1p-8F),
            1.0F + 0x1p-6F);  // a tie: the even neighbour is above
  EXPECT_EQ(rounded_to_bfloat16(std::nextafter(1.0F + 0x1p-8F, 2.0F)), 1.0F + 0x1p-7F);
  EXPECT_EQ(rounded_to_bfloat16(-1.0F - 0x1p-8F), -1.0F);
  EXPECT_TRUE(std::isinf(rounded_to_bfloat16(std::numeric_limits<float>::max())));
  EXPECT_TRUE(std::isnan(rounded_to_bfloat16(std::bit_cast<float>(0x7F800001U))));
}

TEST(Bfloat16, the_error_is_at_most_half_a_unit) {
  for (float value = 1e-30F; value < 1e30F; value *= 1.0173F) {
    EXPECT_LE(std::fabs(rounded_to_bfloat16(value) - value), value * 0x1p-8F);
  }
}

}  // namespace
}  // namespace hourglass
