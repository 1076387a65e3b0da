#include "math/sum_of_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hourglass {
namespace {

TEST(SumOfSquares, is_exact_for_small_integers_of_any_number) {
  std::vector<float> values;
  double expected = 0;
  for (int i = 0; i < 41; ++i) {
    EXPECT_EQ(sum_of_squares(values), expected);
    const auto next = static_cast<float>(i - 20);
    values.push_back(next);
    expected += static_cast<double>(next) * static_cast<double>(next);
  }
}

TEST(SumOfSquares, of_a_matrix_leaves_gaps_out) {
  const std::vector<float> values = {1, 2, 100, 3, 4, 100};
  EXPECT_EQ(sum_of_squares(ConstMatrix(values.data(), 2, 2, 3)), 30);
}

TEST(SumOfSquares, neither_overflows_nor_underflows_as_single_precision_would) {
  EXPECT_NEAR(sum_of_squares(std::vector<float>(3, 1e30F)) / 3e60, 1, 1e-6);
  EXPECT_NEAR(sum_of_squares(std::vector<float>(3, 1e-30F)) / 3e-60, 1, 1e-6);
  EXPECT_TRUE(
      std::isnan(sum_of_squares(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()})));
}

}  // namespace
}  // namespace hourglass
