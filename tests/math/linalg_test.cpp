#include "math/linalg.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hourglass {
namespace {

TEST(Linalg, gram_adds_the_upper_triangle) {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6};  // 3 x 2
  std::vector<double> c = {10, 0, -7, 0};
  add_gram(3, 2, x, c);
  EXPECT_EQ(c, std::vector<double>({10 + 35, 44, -7, 56}));
}

TEST(Linalg, eigenpairs_satisfy_their_equation) {
  constexpr Index n = 12;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> x(40 * n);
  for (double& value : x) value = normal(random);
  std::vector<double> matrix(n * n);
  add_gram(40, n, x, matrix);
  const auto at = [](const std::vector<double>& m, Index r, Index c) {
    return m[static_cast<std::size_t>(std::min(r, c) * n + std::max(r, c))];
  };
  std::vector<double> copy = matrix;
  const Eigenpairs pairs = largest_eigenpairs(n, copy, 5);
  ASSERT_EQ(pairs.values.size(), 5U);
  for (Index k = 0; k < 5; ++k) {
    const double* v = pairs.vectors.data() + k * n;
    if (k > 0) {
      EXPECT_LE(pairs.values[static_cast<std::size_t>(k)],
                pairs.values[static_cast<std::size_t>(k - 1)]);
    }
    double length = 0;
    double largest = 0;
    for (Index r = 0; r < n; ++r) {
      double product = 0;
      for (Index c = 0; c < n; ++c) product += at(matrix, r, c) * v[c];
      EXPECT_NEAR(product, pairs.values[static_cast<std::size_t>(k)] * v[r],
                  1e-10 * pairs.values[0]);
      length += v[r] * v[r];
      if (std::fabs(v[r]) > std::fabs(largest)) largest = v[r];
    }
    EXPECT_NEAR(length, 1, 1e-12);
    EXPECT_GT(largest, 0);
  }
}

TEST(Linalg, eigenpairs_of_a_diagonal_matrix) {
  std::vector<double> matrix = {3, 0, 0, 0, 9, 0, 0, 0, 1};
  const Eigenpairs pairs = largest_eigenpairs(3, matrix, 3);
  EXPECT_EQ(pairs.values, std::vector<double>({9, 3, 1}));
  EXPECT_EQ(pairs.vectors, std::vector<double>({0, 1, 0, 1, 0, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace hourglass
