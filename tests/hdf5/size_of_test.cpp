#include "hdf5/hdf5.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(ElementTypeTest, names_and_sizes) {
  EXPECT_EQ(name_of(ElementType::u8), "uint8");
  EXPECT_EQ(name_of(ElementType::i64), "int64");
  EXPECT_EQ(name_of(ElementType::f32), "float32");
  EXPECT_EQ(size_of(ElementType::u16), 2);
  EXPECT_EQ(size_of(ElementType::f64), 8);
  EXPECT_TRUE(is_integer(ElementType::i8));
  EXPECT_FALSE(is_integer(ElementType::f64));
}

}  // namespace
}  // namespace hourglass
