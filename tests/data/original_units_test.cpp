#include "data/original_units.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

TEST(OriginalUnits, undo_the_normalization) {
  InputTransform transform;
  transform.divisor = 2;
  transform.mean = {1.5F, -3};
  transform.inverse_deviation = {0.25F, 8};
  const std::vector<float> stored = {10, -7};
  std::vector<float> normalised(2);
  convert_row(ElementType::f32, std::as_bytes(std::span(stored)).data(), transform, normalised);
  std::vector<double> original(2);
  original_row(transform, normalised, original);
  EXPECT_DOUBLE_EQ(original[0], 10);
  EXPECT_DOUBLE_EQ(original[1], -7);
  EXPECT_EQ(original_units(transform, 2), (std::vector<double>{8, 0.25}));
  InputTransform bytes;
  bytes.divisor = 255;
  EXPECT_EQ(original_value(bytes, 1, 1.0F), 255);
  EXPECT_EQ(original_units(bytes, 3), (std::vector<double>{255, 255, 255}));
}

TEST(OriginalUnits, types_beyond_single_precision_need_double) {
  EXPECT_FALSE(needs_double(ElementType::u8));
  EXPECT_FALSE(needs_double(ElementType::u16));
  EXPECT_FALSE(needs_double(ElementType::f32));
  EXPECT_TRUE(needs_double(ElementType::i32));
  EXPECT_TRUE(needs_double(ElementType::f64));
}

TEST(OriginalUnits, names) {
  EXPECT_EQ(units_from("data"), Units::data);
  EXPECT_EQ(units_from("network"), Units::network);
  io_test::expect_error(ErrorKind::usage, "network or data",
                        [] { static_cast<void>(units_from("kg")); });
}

}  // namespace
}  // namespace hourglass
