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

TEST(Linalg, row_gram_adds_the_upper_triangle) {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6};  // 2 x 3
  std::vector<double> c = {10, 0, -7, 0};
  add_row_gram(2, 3, x, c);
  EXPECT_EQ(c, std::vector<double>({10 + 14, 32, -7, 77}));
}

TEST(Linalg, products_of_all_orders) {
  const std::vector<double> a = {1, 2, 3, 4, 5, 6};  // 2 x 3
  const std::vector<double> b = {1, 0, 2, 1, 0, 3};  // 3 x 2
  const std::vector<double> at = {1, 4, 2, 5, 3, 6};
  const std::vector<double> bt = {1, 2, 0, 0, 1, 3};
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      std::vector<double> c = {100, 0, 0, 0};
      multiply(ta, tb, 2, 2, 3, ta ? at : a, tb ? bt : b, 1, c);
      EXPECT_EQ(c, std::vector<double>({105, 11, 14, 23})) << ta << tb;
    }
  }
}

TEST(Linalg, orthonormal_rows_span_the_same) {
  std::vector<double> x = {3, 0, 0, 0, 1, 2, 0, 0};
  orthonormalize_rows(2, 4, x);
  EXPECT_NEAR(std::fabs(x[0]), 1, 1e-14);
  EXPECT_NEAR(std::fabs(x[5]), 1, 1e-14);
  EXPECT_NEAR(x[4], 0, 1e-14);
  std::vector<double> equal = {1, 1, 1, 1};
  orthonormalize_rows(2, 2, equal);
  EXPECT_NEAR(equal[0] * equal[2] + equal[1] * equal[3], 0, 1e-14) << "completed";
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
