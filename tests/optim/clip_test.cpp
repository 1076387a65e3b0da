#include "optim/clip.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "hourglass/core/error.hpp"
#include "hourglass/core/types.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

constexpr std::size_t cell = cell_floats;

double sum_of_squares(std::span<const float> gradient) {
  ExactSum sum;
  add_sum_of_squares(gradient, sum);
  return sum.value();
}

// Numbers over many magnitudes, so that any other order of addition rounds differently.
std::vector<float> wild_numbers(std::size_t size) {
  auto result = test::normal_numbers(size, 1);
  for (std::size_t i = 0; i < size; ++i)
    result[i] *= std::ldexp(1.0F, static_cast<int>(i * 7 % 61) - 30);
  return result;
}

TEST(SumOfSquares, exact_where_doubles_are) {
  std::vector<float> gradient(3 * cell);
  double expected = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    gradient[i] = static_cast<float>(i) * (i % 2 == 0 ? 0.5F : -0.5F);
    expected += 0.25 * static_cast<double>(i) * static_cast<double>(i);
  }
  EXPECT_EQ(sum_of_squares(gradient), expected);
  EXPECT_EQ(sum_of_squares({}), 0.0);
}

TEST(SumOfSquares, every_element_counts) {
  for (std::size_t i = 0; i < 2 * cell; ++i) {
    std::vector<float> gradient(2 * cell, 0.0F);
    gradient[i] = -3.0F;
    EXPECT_EQ(sum_of_squares(gradient), 9.0) << i;
  }
}

TEST(SumOfSquares, agrees_with_extended_precision) {
  const auto gradient = wild_numbers(200 * cell);
  long double expected = 0;
  for (const float value : gradient)
    expected += static_cast<long double>(value) * static_cast<long double>(value);
  EXPECT_NEAR(sum_of_squares(gradient) / static_cast<double>(expected), 1.0, 1e-14);
}

TEST(SumOfSquares, same_bits_for_every_cut_and_order_of_runs) {
  const auto gradient = wild_numbers(40 * cell);
  const double whole = sum_of_squares(gradient);
  const std::span<const float> all(gradient);
  for (std::size_t cut = cell; cut < gradient.size(); cut += cell) {
    ExactSum tail_first;
    add_sum_of_squares(all.subspan(cut), tail_first);
    add_sum_of_squares(all.first(cut), tail_first);
    EXPECT_EQ(tail_first.value(), whole) << cut;
    ExactSum head;
    ExactSum tail;
    add_sum_of_squares(all.first(cut), head);
    add_sum_of_squares(all.subspan(cut), tail);
    head.add(tail);
    EXPECT_EQ(head.value(), whole) << cut;
  }
}

TEST(SumOfSquares, follows_its_order_of_addition) {
  // Eight lanes over the cell, then halves: the order that the bits of recorded norms depend on.
  const auto gradient = wild_numbers(cell);
  double lanes[8] = {};
  for (std::size_t i = 0; i < cell; ++i)
    lanes[i % 8] += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
  for (std::size_t half = 4; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  EXPECT_EQ(sum_of_squares(gradient), lanes[0]);
}

TEST(SumOfSquares, no_overflow_or_underflow_of_single_precision) {
  const std::vector<float> large(cell, 1e38F);
  EXPECT_NEAR(sum_of_squares(large) / 64e76, 1.0, 1e-6);
  const std::vector<float> small(cell, 1e-38F);
  EXPECT_NEAR(sum_of_squares(small) / 64e-76, 1.0, 1e-6);
}

TEST(SumOfSquares, non_finite_elements_show) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto gradient = wild_numbers(3 * cell);
    gradient[100] = bad;
    EXPECT_FALSE(std::isfinite(sum_of_squares(gradient)));
  }
}

TEST(SumOfSquares, partial_cells_are_bugs) {
  const std::vector<float> gradient(cell + 1, 1.0F);
  EXPECT_THROW(static_cast<void>(sum_of_squares(gradient)), Error);
}

TEST(ClipFactor, brings_the_norm_to_the_limit) {
  EXPECT_EQ(clip_factor(4.0, 1.0), 0.25F);
  EXPECT_EQ(clip_factor(1e30, 1.0), 1e-30F);
  EXPECT_EQ(clip_factor(1.0, 1.0), 1.0F);
  EXPECT_EQ(clip_factor(0.5, 1.0), 1.0F);
  EXPECT_EQ(clip_factor(0.0, 1.0), 1.0F);
}

TEST(ClipFactor, no_limit_no_clipping) {
  EXPECT_EQ(clip_factor(1e9, 0.0), 1.0F);
  EXPECT_EQ(clip_factor(1e9, -1.0), 1.0F);
}

TEST(ClipFactor, nan_norm_is_not_masked) {
  EXPECT_TRUE(std::isnan(clip_factor(std::numeric_limits<double>::quiet_NaN(), 1.0)));
}

}  // namespace
}  // namespace hourglass
