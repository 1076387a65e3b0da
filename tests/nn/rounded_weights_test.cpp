// Weights rounded to bfloat16, and bounds of what that changes.
#include "nn/rounded_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace hourglass {
namespace {

struct Norms {
  double norm = 0;
  double error = 0;
};

Norms norms_of(const std::vector<float>& row) {
  Norms norms;
  for (const float value : row) {
    const auto exact = static_cast<double>(value);
    const double difference = exact - static_cast<double>(rounded_to_bfloat16(value));
    norms.norm += exact * exact;
    norms.error += difference * difference;
  }
  return {std::sqrt(norms.norm), std::sqrt(norms.error)};
}

TEST(RoundedWeights, bounds_of_rows_are_close_from_above) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (const std::size_t width : {1U, 7U, 16U, 100U, 515U}) {
    for (const float scale : {1.0F, 1e-5F, 1e12F}) {
      std::vector<float> row(width);
      for (float& value : row) value = scale * normal(random);
      std::vector<Bfloat16> rounded(width);
      const RowRounding found = round_row(row.data(), rounded.data(), static_cast<Index>(width));
      for (std::size_t i = 0; i < width; ++i) EXPECT_EQ(rounded[i], to_bfloat16(row[i]));
      const Norms exact = norms_of(row);
      EXPECT_GE(static_cast<double>(found.norm), exact.norm);
      EXPECT_LE(static_cast<double>(found.norm), 1.001 * exact.norm);
      EXPECT_GE(static_cast<double>(found.error), exact.error);
      EXPECT_LE(static_cast<double>(found.error), 1.001 * exact.error);
      EXPECT_EQ(norm_bound(row.data(), static_cast<Index>(width)), found.norm);
    }
  }
}

TEST(RoundedWeights, bounds_hold_where_squares_are_too_small_for_a_float) {
  for (const float value : {0.0F, 1.7e-30F, 1e-39F}) {
    const std::vector<float> row(33, value);
    std::vector<Bfloat16> rounded(row.size());
    const RowRounding found = round_row(row.data(), rounded.data(), 33);
    const Norms exact = norms_of(row);
    EXPECT_GE(static_cast<double>(found.norm), exact.norm);
    EXPECT_GE(static_cast<double>(found.error), exact.error);
    EXPECT_LE(found.error, 0x1p-8F * found.norm);
  }
}

TEST(RoundedWeights, parts_round_what_passes_multiply_with_and_measure_its_rows) {
  constexpr Index width = 7;
  constexpr Index rows = 9;
  std::vector<float> arena(256);
  for (std::size_t i = 0; i < arena.size(); ++i) arena[i] = std::sin(static_cast<float>(i));
  for (const Index count : {1, 2, 4}) {
    RoundedWeights weights({{{0, 128}, {192, 256}}, {64, width}, rows});
    EXPECT_EQ(weights.floats(), 192);
    for (Index index = 0; index < count; ++index) weights.round(arena.data(), index, count);
    for (Index i = 0; i < 256; ++i) {
      const bool is_left_out = i >= 128 && i < 192;
      EXPECT_EQ(weights.data()[i],
                is_left_out ? 0 : to_bfloat16(arena[static_cast<std::size_t>(i)]));
    }
    ASSERT_EQ(weights.rows().size(), static_cast<std::size_t>(rows));
    for (Index r = 0; r < rows; ++r) {
      EXPECT_EQ(weights.rows()[static_cast<std::size_t>(r)].norm,
                norm_bound(arena.data() + 64 + r * width, width));
    }
  }
  EXPECT_EQ(RoundedWeights({{{0, 128}}}).bytes(), 256);
}

}  // namespace
}  // namespace hourglass
