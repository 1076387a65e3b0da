#include "core/wire_format.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace hourglass {
namespace {

using Values = std::vector<float>;

constexpr Index floats = 3 * cell_floats;

Values random_values(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> exponent(-20, 20);
  Values values;
  for (Index cell = 0; cell < floats / cell_floats; ++cell) {
    const int power = exponent(random);
    for (Index i = 0; i < cell_floats; ++i) values.push_back(std::ldexp(normal(random), power));
  }
  return values;
}

Values rounded(Wire wire, const Values& values) {
  const auto size = static_cast<Index>(values.size());
  std::vector<WireWord> words(static_cast<std::size_t>(wire_words(wire, size)));
  encode(wire, values.data(), size, words.data());
  Values result(values.size());
  decode(wire, words.data(), size, result.data());
  return result;
}

bool same_bits(const Values& a, const Values& b) {
  return std::ranges::equal(
      a, b, {}, [](float x) { return std::bit_cast<std::uint32_t>(x); },
      [](float x) { return std::bit_cast<std::uint32_t>(x); });
}

TEST(WireFormat, words_of_a_cell) {
  EXPECT_EQ(wire_words(Wire::bf16, 2 * cell_floats), 128);
  EXPECT_EQ(wire_words(Wire::int8, 2 * cell_floats), 66);
}

TEST(WireFormat, int8_error_is_half_a_step_of_the_cell) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Values values = random_values(seed);
    const Values result = rounded(Wire::int8, values);
    for (std::size_t first = 0; first < values.size(); first += cell_floats) {
      float largest = 0;
      for (std::size_t i = first; i < first + cell_floats; ++i)
        largest = std::max(largest, std::abs(values[i]));
      for (std::size_t i = first; i < first + cell_floats; ++i)
        ASSERT_LE(std::abs(result[i] - values[i]), largest / 252) << seed;
    }
  }
}

TEST(WireFormat, rounding_again_changes_nothing) {
  for (const Wire wire : {Wire::bf16, Wire::int8}) {
    for (unsigned seed = 0; seed < 200; ++seed) {
      const Values once = rounded(wire, random_values(seed));
      ASSERT_TRUE(same_bits(rounded(wire, once), once)) << seed;
    }
  }
}

TEST(WireFormat, int8_finds_the_scale_of_a_rounded_cell_again_for_every_mantissa) {
  // The largest magnitude decides the scale: all 2^16 upper mantissas of one binade.
  for (std::uint32_t mantissa = 0; mantissa < (1U << 16); ++mantissa) {
    Values cell(cell_floats, 0.25F);
    cell[7] = -std::bit_cast<float>(0x3F800000U | (mantissa << 7));
    const Values once = rounded(Wire::int8, cell);
    ASSERT_TRUE(same_bits(rounded(Wire::int8, once), once)) << cell[7];
  }
}

TEST(WireFormat, sums_of_encoded_and_rounded_operands_agree) {
  const Values left = random_values(1);
  const Values right = random_values(2);
  for (const Wire wire : {Wire::bf16, Wire::int8}) {
    std::vector<WireWord> words(static_cast<std::size_t>(wire_words(wire, floats)));
    encode(wire, right.data(), floats, words.data());
    Values expected = rounded(wire, left);
    const Values rounded_right = rounded(wire, right);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += rounded_right[i];
    Values sum(left.size());
    add_rounded(wire, left.data(), right.data(), floats, sum.data());
    EXPECT_TRUE(same_bits(sum, expected));
    add_encoded(wire, left.data(), words.data(), floats, sum.data());
    EXPECT_TRUE(same_bits(sum, expected));
    sum = left;
    add_rounded(wire, sum.data(), right.data(), floats, sum.data());
    EXPECT_TRUE(same_bits(sum, expected)) << "in place";
  }
  Values sum(left.size());
  add_rounded(Wire::fp32, left.data(), right.data(), floats, sum.data());
  EXPECT_EQ(sum[5], left[5] + right[5]);
}

TEST(WireFormat, int8_of_extreme_cells) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float broken : {infinity, -infinity, nan, 0x1p127F}) {
    Values cell(cell_floats, 1.0F);
    cell[63] = broken;
    const Values once = rounded(Wire::int8, cell);
    EXPECT_TRUE(std::isnan(once[0])) << broken;
    EXPECT_TRUE(std::isnan(once[63])) << broken;
    Values sum(cell_floats);
    add_rounded(Wire::int8, cell.data(), cell.data(), cell_floats, sum.data());
    EXPECT_TRUE(std::isnan(sum[3])) << broken;
  }
  for (const float small : {0.0F, 1e-40F, -0x1p-100F})
    EXPECT_TRUE(same_bits(rounded(Wire::int8, Values(cell_floats, small)), Values(cell_floats)));
  const Values large(cell_floats, 0x1p125F);
  EXPECT_NEAR(rounded(Wire::int8, large)[0] / large[0], 1.0F, 0.004F);
}

}  // namespace
}  // namespace hourglass
