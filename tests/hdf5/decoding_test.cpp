#include "hdf5/decoding.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace hourglass {
namespace {

template <class Value, class Stored>
std::vector<Value> decoded(Decoding decoding, const std::vector<Stored>& stored) {
  std::vector<Value> values(stored.size());
  decode(decoding, std::as_bytes(std::span(stored)), std::as_writable_bytes(std::span(values)));
  return values;
}

TEST(Decoding, unpacks_with_scale_and_offset) {
  Decoding decoding;
  decoding.stored = ElementType::i16;
  decoding.scale = 0.01;
  decoding.offset = 273.15;
  const auto values = decoded<float>(decoding, std::vector<std::int16_t>{-100, 0, 2500});
  EXPECT_EQ(values, (std::vector<float>{static_cast<float>(-100 * 0.01 + 273.15),
                                        static_cast<float>(273.15),
                                        static_cast<float>(2500 * 0.01 + 273.15)}));
}

TEST(Decoding, missing_numbers_and_those_out_of_bounds_become_nan) {
  Decoding decoding;
  decoding.stored = ElementType::i32;
  decoding.result = ElementType::f64;
  decoding.missing = {static_cast<std::uint32_t>(-9999), 7};
  decoding.low = 0;
  decoding.high = 100;
  const auto values =
      decoded<double>(decoding, std::vector<std::int32_t>{-9999, 7, -1, 101, 0, 100});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(std::isnan(values[i])) << i;
  EXPECT_EQ(values[4], 0);
  EXPECT_EQ(values[5], 100);
}

TEST(Decoding, compares_fill_values_bit_by_bit_in_the_stored_type) {
  Decoding decoding;
  decoding.stored = decoding.result = ElementType::f32;
  decoding.missing = {std::bit_cast<std::uint32_t>(1e20F)};
  const auto values = decoded<float>(decoding, std::vector<float>{1e20F, 1e19F, -1e20F});
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], 1e19F);
  EXPECT_EQ(values[2], -1e20F);
}

TEST(Decoding, large_integers_are_exact_in_double) {
  Decoding decoding;
  decoding.stored = ElementType::i64;
  decoding.result = ElementType::f64;
  decoding.missing = {static_cast<std::uint64_t>(-9223372036854775806LL)};
  const auto values =
      decoded<double>(decoding, std::vector<std::int64_t>{-9223372036854775806LL, 1700000000123LL});
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], 1700000000123.0);
}

TEST(Decoding, bounds_may_be_given_for_unpacked_values) {
  Decoding decoding;
  decoding.stored = ElementType::i16;
  decoding.scale = 0.5;
  decoding.offset = 250;
  decoding.high = 300;
  decoding.bounds_unpacked = true;
  const auto values = decoded<float>(decoding, std::vector<std::int16_t>{100, 101});
  EXPECT_EQ(values[0], 300);
  EXPECT_TRUE(std::isnan(values[1]));
}

TEST(Decoding, is_described_in_words) {
  Decoding decoding;
  EXPECT_EQ(describe(decoding), "");
  decoding.stored = ElementType::i16;
  decoding.scale = 0.01;
  decoding.offset = 273.15;
  decoding.missing = {static_cast<std::uint16_t>(-32767)};
  EXPECT_EQ(describe(decoding), "packed int16: x 0.01 + 273.15, missing -32767");
  decoding.offset = -2;
  decoding.low = 0;
  decoding.high = 100;
  EXPECT_EQ(describe(decoding), "packed int16: x 0.01 - 2, missing -32767 or outside of 0 to 100");
  decoding = {};
  decoding.missing = {std::bit_cast<std::uint32_t>(1e20F)};
  EXPECT_EQ(describe(decoding), "float32: missing 1e+20");
}

// The obvious reference: an index for an index.
TEST(ReverseAxes, gives_the_element_of_the_reversed_index) {
  const std::vector<Index> shape = {2, 3, 4};
  std::vector<std::int32_t> from(24);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::int32_t>(i);
  std::vector<std::int32_t> to(24);
  reverse_axes(shape, 4, std::as_bytes(std::span(from)), std::as_writable_bytes(std::span(to)));
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(to[(k * 3 + j) * 2 + i], from[(i * 3 + j) * 4 + k]);
      }
    }
  }
}

TEST(ReverseAxes, transposes_matrices_larger_than_a_tile) {
  constexpr std::size_t rows = 70;
  constexpr std::size_t columns = 45;
  std::vector<double> from(rows * columns);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<double>(i);
  std::vector<double> to(from.size());
  const std::vector<Index> shape = {rows, columns};
  reverse_axes(shape, 8, std::as_bytes(std::span(from)), std::as_writable_bytes(std::span(to)));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) EXPECT_EQ(to[c * rows + r], from[r * columns + c]);
  }
}

}  // namespace
}  // namespace hourglass
