#include "data/value_match.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

template <class T>
ValueRange range_of(ElementType type, std::vector<T> values) {
  ValueRange range;
  range.add(type, std::as_bytes(std::span(values)));
  return range;
}

DataIdentity trained_on(ElementType type, const ValueRange& range, std::vector<Index> shape = {4}) {
  DataIdentity identity;
  identity.type = type;
  identity.range = range;
  identity.sample_shape = std::move(shape);
  return identity;
}

const ValueRange bytes = range_of<std::uint8_t>(ElementType::u8, {0, 7, 255});
const ValueRange fractions = range_of<float>(ElementType::f32, {0, 7 / 255.0F, 1});
const ValueRange numbers = range_of<float>(ElementType::f32, {0, 7, 255});

// The factor, or 0 when the values are refused.
double factor(const DataIdentity& trained, ElementType type, const ValueRange& range) {
  try {
    const ValueMatch match = match_values(trained, type, range, {"d.h5:/x"});
    return match.multiply / match.divide;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return 0;
  }
}

TEST(ValueMatch, the_same_numbers_stay_as_they_are) {
  const DataIdentity trained = trained_on(ElementType::u8, bytes);
  EXPECT_EQ(factor(trained, ElementType::u8, bytes), 1);
  EXPECT_EQ(factor(trained, ElementType::f32, numbers), 1);
  EXPECT_EQ(factor(trained, ElementType::i32, range_of<std::int32_t>(ElementType::i32, {0, 200})),
            1);
  EXPECT_EQ(factor(trained_on(ElementType::f32, fractions), ElementType::f64,
                   range_of<double>(ElementType::f64, {0.1, 0.9})),
            1);
  EXPECT_EQ(factor(trained_on(ElementType::f32, numbers), ElementType::u8, bytes), 1);
}

TEST(ValueMatch, fractions_of_images_are_multiplied) {
  EXPECT_EQ(factor(trained_on(ElementType::u8, bytes), ElementType::f32, fractions), 255);
  EXPECT_EQ(factor(trained_on(ElementType::f32, numbers), ElementType::f32, fractions), 255);
  // Resized afterwards: not in steps of 1/255.
  EXPECT_EQ(factor(trained_on(ElementType::u8, bytes), ElementType::f64,
                   range_of<double>(ElementType::f64, {0, 0.123456, 1})),
            255);
  const auto deep = range_of<std::uint16_t>(ElementType::u16, {0, 9, 65535});
  EXPECT_EQ(factor(trained_on(ElementType::u16, deep), ElementType::f32,
                   range_of<float>(ElementType::f32, {0, 9 / 65535.0F, 1})),
            65535);
}

TEST(ValueMatch, bytes_are_divided_for_a_model_of_fractions) {
  const DataIdentity trained = trained_on(ElementType::f32, fractions);
  const ValueMatch match = match_values(trained, ElementType::u8, bytes, {"d.h5:/x"});
  EXPECT_EQ(match.multiply, 1);
  EXPECT_EQ(match.divide, 255);
  EXPECT_NE(match.note.find("d.h5:/x"), std::string::npos);
  EXPECT_EQ(matched_transform({}, match).divisor, 255);
}

TEST(ValueMatch, uncertain_values_are_refused) {
  const DataIdentity trained = trained_on(ElementType::u8, bytes, {28, 28});
  // Standardized or centred.
  EXPECT_EQ(factor(trained, ElementType::f32, range_of<float>(ElementType::f32, {-1, 0.5, 1})), 0);
  EXPECT_EQ(factor(trained, ElementType::f32, range_of<float>(ElementType::f32, {0, 2.5, 3.1F})),
            0);
  EXPECT_EQ(factor(trained_on(ElementType::f32, fractions, {28, 28}), ElementType::f32,
                   range_of<float>(ElementType::f32, {-1, 0.25, 1})),
            0);
  // 12 bits in 16, divided by 4095 or by 65535: nobody knows.
  const auto dark = range_of<std::uint16_t>(ElementType::u16, {0, 9, 4095});
  EXPECT_EQ(factor(trained_on(ElementType::u16, dark), ElementType::f32,
                   range_of<float>(ElementType::f32, {0, 9 / 4095.0F, 1})),
            0);
  // Whole numbers as floats, or small ones, for fractions.
  const DataIdentity small = trained_on(ElementType::f32, fractions);
  EXPECT_EQ(factor(small, ElementType::f32, numbers), 0);
  EXPECT_EQ(factor(small, ElementType::u8, range_of<std::uint8_t>(ElementType::u8, {0, 9})), 0);
  // 8 bits for 16.
  EXPECT_EQ(
      factor(trained_on(ElementType::u16, range_of<std::uint16_t>(ElementType::u16, {0, 65535})),
             ElementType::u8, bytes),
      0);
}

TEST(ValueMatch, a_refusal_names_the_option) {
  const DataIdentity trained = trained_on(ElementType::f32, fractions);
  expect_error(ErrorKind::data, "--validation-scale 0.00392156863", [&] {
    static_cast<void>(
        match_values(trained, ElementType::f32, numbers, {"d.h5:/x", "--validation-scale"}));
  });
}

TEST(ValueMatch, tables_may_go_beyond_and_it_is_said_when_they_go_far) {
  const auto range = range_of<float>(ElementType::f32, {-3.5F, 12.25F});
  const DataIdentity trained = trained_on(ElementType::f32, range);
  const auto other = range_of<float>(ElementType::f32, {-9.5F, 30.5F});
  EXPECT_TRUE(match_values(trained, ElementType::f32, other, {"d"}).note.empty());
  const auto far = range_of<float>(ElementType::f32, {-9.5F, 3000.5F});
  EXPECT_NE(match_values(trained, ElementType::f32, far, {"d"}).note.find("far beyond"),
            std::string::npos);
}

TEST(ValueMatch, every_value_is_needed_where_fractions_may_be_converted) {
  EXPECT_TRUE(needs_every_value(trained_on(ElementType::u8, bytes), ElementType::f32, fractions));
  EXPECT_FALSE(needs_every_value(trained_on(ElementType::u8, bytes), ElementType::u8, bytes));
  EXPECT_FALSE(needs_every_value(trained_on(ElementType::u8, bytes), ElementType::f32, numbers));
}

TEST(ValueMatch, other_units_are_refused) {
  match_units("K", "K", {"d"});
  match_units("", "K", {"d"});
  match_units("K", "", {"d"});
  expect_error(ErrorKind::data, "degC", [] { match_units("K", "degC", {"d"}); });
}

}  // namespace
}  // namespace hourglass
