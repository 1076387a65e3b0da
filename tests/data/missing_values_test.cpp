#include "data/missing_values.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

template <class T>
std::vector<float> converted(ElementType type, const std::vector<T>& stored,
                             const InputTransform& transform) {
  std::vector<float> row(stored.size());
  convert_row(type, std::as_bytes(std::span(stored)).data(), transform, row);
  return row;
}

InputTransform with(Missing treatment, std::vector<double> values, std::vector<float> means = {}) {
  InputTransform transform;
  transform.missing = {treatment, std::move(values), std::move(means)};
  return transform;
}

template <class T>
Index refused(ElementType type, const std::vector<T>& stored, const MissingValues& missing) {
  return first_refused(type, std::as_bytes(std::span(stored)), missing);
}

TEST(ReplaceMissing, compares_with_what_is_stored) {
  InputTransform transform = with(Missing::mask, {255, -7});
  transform.divisor = 255;
  const auto bytes = converted<std::uint8_t>(ElementType::u8, {0, 255, 51}, transform);
  EXPECT_EQ(bytes[0], 0);
  EXPECT_TRUE(std::isnan(bytes[1]));
  EXPECT_EQ(bytes[2], 0.2F);
  // 0.1 as a float is not 0.1 as a double.
  transform = with(Missing::mask, {0.1});
  EXPECT_TRUE(std::isnan(converted<float>(ElementType::f32, {0.1F}, transform)[0]));
  EXPECT_TRUE(std::isnan(converted<double>(ElementType::f64, {0.1}, transform)[0]));
  EXPECT_FALSE(
      std::isnan(converted<double>(ElementType::f64, {static_cast<double>(0.1F)}, transform)[0]));
}

TEST(ReplaceMissing, puts_means_in_place) {
  InputTransform transform = with(Missing::mean, {-999}, {5, 6, 7});
  EXPECT_EQ(converted<float>(ElementType::f32, {-999, 1, nan_value}, transform),
            std::vector<float>({5, 1, 7}));
  transform.mean = {1, 1, 1};
  transform.inverse_deviation = {2, 2, 2};
  transform.missing.means = {};
  EXPECT_EQ(converted<std::int16_t>(ElementType::i16, {-999, 3, 1}, transform),
            std::vector<float>({0, 4, 0}));
}

TEST(ReplaceMissing, reaches_the_ends_of_64_bits) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  const auto row = converted<std::int64_t>(ElementType::i64, {least, 1},
                                           with(Missing::mask, {static_cast<double>(least)}));
  EXPECT_TRUE(std::isnan(row[0]));
  EXPECT_EQ(row[1], 1);
  EXPECT_FALSE(is_value_of<std::uint64_t>(std::ldexp(1.0, 64)));
  EXPECT_TRUE(is_value_of<std::uint64_t>(std::ldexp(1.0, 63)));
  EXPECT_FALSE(is_value_of<std::int8_t>(128));
  EXPECT_FALSE(is_value_of<std::int8_t>(0.5));
}

TEST(FirstRefused, of_every_treatment) {
  const std::vector<double> stored = {1, nan_value, -999, infinity, 1e300};
  EXPECT_EQ(refused(ElementType::f64, stored, {}), 1);
  EXPECT_EQ(refused<double>(ElementType::f64, {1.0, -999.0}, {Missing::refuse, {-999}, {}}), 1);
  for (const Missing treatment : {Missing::mask, Missing::mean}) {
    EXPECT_EQ(refused(ElementType::f64, stored, {treatment, {-999}, {}}), 3);
    EXPECT_EQ(refused<double>(ElementType::f64, {1.0, 1e300}, {treatment, {}, {}}), 1);
    // A value beyond single precision may stand for a missing one.
    EXPECT_EQ(refused<double>(ElementType::f64, {1.0, 1e300}, {treatment, {1e300}, {}}), -1);
    EXPECT_EQ(refused<std::uint8_t>(ElementType::u8, {1, 255}, {treatment, {255}, {}}), -1);
  }
  EXPECT_EQ(refused<std::uint8_t>(ElementType::u8, {1, 255}, {Missing::refuse, {255}, {}}), 1);
}

TEST(CheckMissingValues, names_one_that_cannot_occur) {
  DatasetInfo info;
  info.type = ElementType::u8;
  EXPECT_NO_THROW(check_missing_values(info, {0, 255}));
  for (const double value : {-999.0, 256.0, 0.5}) {
    try {
      check_missing_values(info, {0, value});
      FAIL() << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("--missing-value"), std::string::npos);
    }
  }
  info.type = ElementType::f32;
  EXPECT_NO_THROW(check_missing_values(info, {-999.9, 1e300}));
}

}  // namespace
}  // namespace hourglass
