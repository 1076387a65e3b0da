#include "data/normalization.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values, std::size_t misalignment = 0) {
  std::vector<std::byte> bytes(misalignment + values.size() * sizeof(T));
  std::memcpy(bytes.data() + misalignment, values.data(), values.size() * sizeof(T));
  return bytes;
}

template <class T>
struct TypeOf;
template <>
struct TypeOf<std::uint8_t> : std::integral_constant<ElementType, ElementType::u8> {};
template <>
struct TypeOf<std::int8_t> : std::integral_constant<ElementType, ElementType::i8> {};
template <>
struct TypeOf<std::uint16_t> : std::integral_constant<ElementType, ElementType::u16> {};
template <>
struct TypeOf<std::int16_t> : std::integral_constant<ElementType, ElementType::i16> {};
template <>
struct TypeOf<std::uint32_t> : std::integral_constant<ElementType, ElementType::u32> {};
template <>
struct TypeOf<std::int32_t> : std::integral_constant<ElementType, ElementType::i32> {};
template <>
struct TypeOf<std::uint64_t> : std::integral_constant<ElementType, ElementType::u64> {};
template <>
struct TypeOf<std::int64_t> : std::integral_constant<ElementType, ElementType::i64> {};
template <>
struct TypeOf<float> : std::integral_constant<ElementType, ElementType::f32> {};
template <>
struct TypeOf<double> : std::integral_constant<ElementType, ElementType::f64> {};

template <class T>
class Conversion : public testing::Test {};
using Types = testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                             std::int32_t, std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(Conversion, Types);

/// All extremes of the type, then random bits, in a length that no vector width divides.
template <class T>
std::vector<T> sample_values() {
  std::vector<T> values = {std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(), T{0},
                           T{1}};
  std::mt19937_64 random(3);
  while (values.size() < 331) {
    if constexpr (std::is_integral_v<T>) {
      values.push_back(static_cast<T>(random()));
    } else {
      values.push_back(std::normal_distribution<T>(3, 100)(random));
    }
  }
  if constexpr (std::is_same_v<T, double>) values[0] = 3e38, values[1] = -3e38;
  return values;
}

TYPED_TEST(Conversion, equals_the_formula_for_each_element) {
  using T = TypeParam;
  // The precision the header promises: single when it holds every value of the type.
  using Real =
      std::conditional_t<std::is_same_v<T, float> || (std::is_integral_v<T> && sizeof(T) <= 2),
                         float, double>;
  const std::vector<T> values = sample_values<T>();
  InputTransform transform{unit_divisor(TypeOf<T>::value), {}, {}};
  for (const bool standardized : {false, true}) {
    if (standardized) {
      for (std::size_t c = 0; c < values.size(); ++c) {
        transform.mean.push_back(0.25F * static_cast<float>(c % 7));
        transform.inverse_deviation.push_back(1.0F + 0.5F * static_cast<float>(c % 3));
      }
    }
    for (const std::size_t misalignment : {0U, 1U}) {
      const auto stored = bytes_of(values, misalignment);
      std::vector<float> row(values.size());
      convert_row(TypeOf<T>::value, stored.data() + misalignment, transform, row);
      for (std::size_t c = 0; c < row.size(); ++c) {
        const Real mean = standardized ? transform.mean[c] : 0.0F;
        const Real inverse = standardized ? transform.inverse_deviation[c] : 1.0F;
        auto expected = static_cast<float>(
            (static_cast<Real>(values[c]) / static_cast<Real>(transform.divisor) - mean) * inverse);
        if (standardized) expected = std::clamp(expected, -most_deviations, most_deviations);
        ASSERT_EQ(row[c], expected) << "feature " << c;
      }
    }
  }
}

TYPED_TEST(Conversion, bits_do_not_depend_on_where_a_row_ends) {
  using T = TypeParam;
  const std::vector<T> values = sample_values<T>();
  const auto stored = bytes_of(values);
  const InputTransform transform{unit_divisor(TypeOf<T>::value), std::vector<float>(), {}};
  std::vector<float> whole(values.size());
  convert_row(TypeOf<T>::value, stored.data(), transform, whole);
  for (std::size_t begin = 0; begin < 40; ++begin) {
    std::vector<float> part(values.size() - begin - begin % 5);
    convert_row(TypeOf<T>::value, stored.data() + begin * sizeof(T), transform, part);
    ASSERT_EQ(std::memcmp(part.data(), whole.data() + begin, part.size() * sizeof(float)), 0);
  }
}

TYPED_TEST(Conversion, with_an_exact_mean_is_in_double) {
  using T = TypeParam;
  const std::vector<T> values = sample_values<T>();
  InputTransform transform{2, {}, {}};
  for (std::size_t c = 0; c < values.size(); ++c) {
    transform.exact_mean.push_back(1.7e9 + 0.1 * static_cast<double>(c));
    transform.mean.push_back(static_cast<float>(transform.exact_mean.back()));
    transform.inverse_deviation.push_back(0.1F);
  }
  std::vector<float> row(values.size());
  convert_row(TypeOf<T>::value, bytes_of(values).data(), transform, row);
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double exact =
        (static_cast<double>(values[c]) / 2 - transform.exact_mean[c]) * static_cast<double>(0.1F);
    ASSERT_EQ(row[c], std::clamp(static_cast<float>(exact), -1e6F, 1e6F)) << "feature " << c;
  }
}

TEST(Normalization, a_clock_of_seconds_keeps_its_digits) {
  const std::vector<double> stored = {1.7e9 + 10, 1.7e9 - 20, 0.1};
  const InputTransform transform{
      1, {1.7e9F, 1.7e9F, 0.1F}, {0.1F, 0.1F, 1.0F}, {1.7e9, 1.7e9, 0.1}};
  std::vector<float> row(3);
  convert_row(ElementType::f64, bytes_of(stored).data(), transform, row);
  EXPECT_EQ(row, (std::vector<float>{1.0F, -2.0F, 0.0F}));
}

TEST(Normalization, standardized_values_are_cut_and_nan_stays) {
  const std::vector<float> stored = {1e20F, -1e20F, 3.0F, std::nanf("")};
  for (const std::vector<double>& exact : {std::vector<double>{}, std::vector<double>(4, 1.0)}) {
    const InputTransform transform{1, std::vector<float>(4, 1), std::vector<float>(4, 2), exact};
    std::vector<float> row(4);
    convert_row(ElementType::f32, bytes_of(stored).data(), transform, row);
    EXPECT_EQ(row[0], most_deviations);
    EXPECT_EQ(row[1], -most_deviations);
    EXPECT_EQ(row[2], 4.0F);
    EXPECT_TRUE(std::isnan(row[3]));
  }
}

TEST(Normalization, unit_scales_integers_to_their_maximum) {
  EXPECT_EQ(unit_divisor(ElementType::u8), 255);
  EXPECT_EQ(unit_divisor(ElementType::i8), 127);
  EXPECT_EQ(unit_divisor(ElementType::u16), 65535);
  EXPECT_EQ(unit_divisor(ElementType::i32), 2147483647);
  EXPECT_EQ(unit_divisor(ElementType::f32), 1);
  const std::vector<std::uint8_t> stored = {0, 255, 51};
  std::vector<float> row(3);
  convert_row(ElementType::u8, bytes_of(stored).data(), {unit_divisor(ElementType::u8), {}, {}},
              row);
  EXPECT_EQ(row, (std::vector<float>{0.0F, 1.0F, 0.2F}));
}

TEST(Normalization, large_integers_and_doubles_lose_nothing_before_the_mean_is_taken_off) {
  const std::vector<double> stored = {1.5e9 + 0.25};
  std::vector<float> row(1);
  convert_row(ElementType::f64, bytes_of(stored).data(), {1, {1.5e9F}, {4.0F}}, row);
  EXPECT_EQ(row[0], 1.0F);
}

TEST(Normalization, names_go_both_ways) {
  for (const std::string& name : normalize_names()) EXPECT_EQ(name_of(normalize_from(name)), name);
  EXPECT_EQ(normalize_names().size(), 5U);
  try {
    (void)normalize_from("unt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(),
                 "unknown normalization 'unt': use one of auto, none, unit, standardize, "
                 "unit-mean-square");
  }
}

TEST(Normalization, automatic_is_unit_for_integers_only) {
  EXPECT_EQ(resolve(Normalize::automatic, ElementType::i16), Normalize::unit);
  EXPECT_EQ(resolve(Normalize::automatic, ElementType::f64), Normalize::none);
  EXPECT_EQ(resolve(Normalize::none, ElementType::u8), Normalize::none);
  EXPECT_EQ(resolve(Normalize::standardize, ElementType::u8), Normalize::standardize);
}

template <class T>
void check_search() {
  const std::vector<T> bad = {
      std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::quiet_NaN(),
      std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity()};
  for (const Index size : {1, 5, 1023, 1024, 1025, 3000}) {
    std::vector<T> values(static_cast<std::size_t>(size), std::numeric_limits<float>::max());
    values.front() = -std::numeric_limits<float>::max();
    EXPECT_EQ(first_non_finite(TypeOf<T>::value, bytes_of(values)), -1);
    for (Index at = 0; at < size; at += 1 + size / 7) {
      auto spoilt = values;
      spoilt[static_cast<std::size_t>(at)] = bad[static_cast<std::size_t>(at) % bad.size()];
      spoilt.back() = bad.front();  // a later one must not be reported first
      EXPECT_EQ(first_non_finite(TypeOf<T>::value, bytes_of(spoilt)), at);
    }
  }
}

TEST(Normalization, first_nan_or_infinity_is_found) {
  check_search<float>();
  check_search<double>();
  EXPECT_EQ(first_non_finite(ElementType::f32, {}), -1);
  const std::vector<std::uint32_t> integers(10, 0x7fc00000U);  // the bits of a NaN
  EXPECT_EQ(first_non_finite(ElementType::u32, bytes_of(integers)), -1);
}

TEST(Normalization, doubles_beyond_single_precision_count_as_infinite) {
  EXPECT_EQ(first_non_finite(ElementType::f64, bytes_of(std::vector<double>{1.0, 1e39})), 1);
}

}  // namespace
}  // namespace hourglass
