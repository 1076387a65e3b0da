#include "hdf5/compound_columns.hpp"

#include <gtest/gtest.h>

namespace hourglass::hdf5 {
namespace {

// The rows are those of numpy.result_type.
TEST(CommonType, is_that_of_numpy) {
  using enum ElementType;
  EXPECT_EQ(common_type(u8, u8), u8);
  EXPECT_EQ(common_type(u8, i8), i16);
  EXPECT_EQ(common_type(u16, i32), i32);
  EXPECT_EQ(common_type(u32, i32), i64);
  EXPECT_EQ(common_type(u64, i8), f64);
  EXPECT_EQ(common_type(u8, u32), u32);
  EXPECT_EQ(common_type(i16, f32), f32);
  EXPECT_EQ(common_type(i32, f32), f64);
  EXPECT_EQ(common_type(f32, f64), f64);
}

TEST(CommonType, does_not_depend_on_the_order) {
  for (int a = 0; a < 10; ++a) {
    for (int b = 0; b < 10; ++b) {
      const auto first = static_cast<ElementType>(a);
      const auto second = static_cast<ElementType>(b);
      EXPECT_EQ(common_type(first, second), common_type(second, first));
    }
  }
}

}  // namespace
}  // namespace hourglass::hdf5
