#include "optim/newton_schulz.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/buffer.hpp"
#include "math/linalg.hpp"
#include "math/onednn.hpp"
#include "math/transpose.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using Numbers = std::vector<double>;

// x = A^-1 y for a 4 x 4 matrix, by elimination.
std::array<double, 4> solve(std::array<std::array<double, 5>, 4> a) {
  for (std::size_t i = 0; i < 4; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i; r < 4; ++r) {
      if (std::fabs(a[r][i]) > std::fabs(a[pivot][i])) pivot = r;
    }
    std::swap(a[i], a[pivot]);
    for (std::size_t r = 0; r < 4; ++r) {
      if (r == i) continue;
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = 0; c < 5; ++c) a[r][c] -= factor * a[i][c];
    }
  }
  return {a[0][4] / a[0][0], a[1][4] / a[1][1], a[2][4] / a[2][2], a[3][4] / a[3][3]};
}

struct Best {
  Quintic quintic;
  double error = 0;
};

// The best approximation of 1 on [l, u] (Remez): its error has the same size and alternate signs at
// l, at the two extrema, and at u.
Best best_quintic(double l, double u) {
  double q = l + (u - l) / 4;
  double r = l + 3 * (u - l) / 4;
  std::array<double, 4> x{};
  for (int i = 0; i < 50; ++i) {
    std::array<std::array<double, 5>, 4> system{};
    const std::array<double, 4> points = {l, q, r, u};
    for (std::size_t p = 0; p < 4; ++p)
      system[p] = {points[p], std::pow(points[p], 3), std::pow(points[p], 5),
                   p % 2 == 0 ? 1.0 : -1.0, 1};
    x = solve(system);
    const double root = std::sqrt(9 * x[1] * x[1] - 20 * x[0] * x[2]);
    q = std::sqrt((-3 * x[1] - root) / (10 * x[2]));
    r = std::sqrt((-3 * x[1] + root) / (10 * x[2]));
  }
  return {{x[0], x[1], x[2]}, x[3]};
}

TEST(NewtonSchulz, polynomials_are_the_best_of_their_intervals) {
  double l = polar_express_least;
  double u = 1;
  for (const Quintic& quintic : polar_express_quintics) {
    const Best best = best_quintic(l, u);
    EXPECT_NEAR(quintic.a, best.quintic.a, 1e-5);
    EXPECT_NEAR(quintic.b, best.quintic.b, 1e-5);
    EXPECT_NEAR(quintic.c, best.quintic.c, 1e-5);
    l = 1 - best.error;
    u = (1 + best.error) * polar_express_margin;
  }
  EXPECT_NEAR(1 - l, polar_express_error, 1e-3);
}

constexpr std::array kinds = {Orthogonalization::constant, Orthogonalization::polar_express};

std::vector<float> orthogonalized(Orthogonalization kind, std::vector<float> values, Index rows,
                                  Index columns, bool bfloat16 = false) {
  Buffer<float> scratch(newton_schulz_scratch_floats(rows, columns));
  newton_schulz(kind, bfloat16, Matrix(values.data(), rows, columns), scratch.span());
  return values;
}

Numbers in_double(const std::vector<float>& values) { return {values.begin(), values.end()}; }

double norm(const Numbers& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// The formulas of newton_schulz.hpp for a matrix that is not tall.
Numbers slow(Orthogonalization kind, Numbers x, Index m, Index n) {
  const auto size = static_cast<std::size_t>(m * m);
  std::vector<Quintic> quintics(5, {3.4445, -4.7750, 2.0315});
  const bool bounded = kind == Orthogonalization::polar_express;
  if (bounded) quintics.assign(polar_express_quintics.begin(), polar_express_quintics.end());
  if (!bounded) {
    const double size_of_x = norm(x);
    for (double& value : x) value /= size_of_x;
  }
  for (std::size_t i = 0; i < quintics.size(); ++i) {
    Numbers gram(size);
    Numbers square(size);
    multiply(false, true, m, m, n, x, x, 0, gram);
    multiply(false, false, m, m, m, gram, gram, 0, square);
    const auto [a, b, c] = quintics[i];
    const double s = bounded && i == 0 ? polar_express_margin * std::pow(norm(square), 0.25) : 1;
    for (std::size_t k = 0; k < size; ++k) {
      gram[k] = b * gram[k] / std::pow(s, 3) + c * square[k] / std::pow(s, 5);
      if (k % static_cast<std::size_t>(m + 1) == 0) gram[k] += a / s;
    }
    const Numbers old = x;
    multiply(false, false, m, n, m, gram, old, 0, x);
  }
  return x;
}

double difference(const std::vector<float>& values, const Numbers& expected) {
  Numbers error = in_double(values);
  for (std::size_t i = 0; i < error.size(); ++i) error[i] -= expected[i];
  return norm(error) / norm(expected);
}

// Matrices of the sizes whose products are computed in other ways: small, of 128 and of 256 rows.
TEST(NewtonSchulz, follows_the_formulas_in_double) {
  for (const auto& [m, n] : {std::pair<Index, Index>{1, 1}, {6, 20}, {130, 140}, {257, 260}}) {
    const auto values = test::normal_numbers(static_cast<std::size_t>(m * n), 3);
    for (const Orthogonalization kind : kinds) {
      const Numbers expected = slow(kind, in_double(values), m, n);
      EXPECT_LT(difference(orthogonalized(kind, values, m, n), expected), 2e-5) << m;
      if (has_onednn()) {
        EXPECT_LT(difference(orthogonalized(kind, values, m, n, true), expected), 0.05) << m;
      }
    }
  }
}

std::vector<float> transposed(const std::vector<float>& values, Index rows, Index columns) {
  std::vector<float> result(values.size());
  transpose(ConstMatrix(values.data(), rows, columns), Matrix(result.data(), columns, rows));
  return result;
}

TEST(NewtonSchulz, of_a_transposed_matrix_is_transposed) {
  for (const auto& [m, n] : {std::pair<Index, Index>{1, 9}, {6, 20}, {130, 140}}) {
    const auto values = test::normal_numbers(static_cast<std::size_t>(m * n), 4);
    for (const Orthogonalization kind : kinds) {
      const Numbers expected = in_double(transposed(orthogonalized(kind, values, m, n), m, n));
      EXPECT_LT(difference(orthogonalized(kind, transposed(values, m, n), n, m), expected), 1e-5);
    }
  }
}

// A matrix (m x n, m <= n) with the given singular values and random singular vectors.
std::vector<float> with_singular_values(const Numbers& singular, Index n) {
  const auto m = static_cast<Index>(singular.size());
  Numbers left = in_double(test::normal_numbers(static_cast<std::size_t>(m * m), 5));
  Numbers right = in_double(test::normal_numbers(static_cast<std::size_t>(m * n), 6));
  orthonormalize_rows(m, m, left);
  orthonormalize_rows(m, n, right);
  for (std::size_t i = 0; i < right.size(); ++i)
    right[i] *= singular[i / static_cast<std::size_t>(n)];
  Numbers product(right.size());
  multiply(true, false, m, n, m, left, right, 0, product);
  return {product.begin(), product.end()};
}

// Largest first.
Numbers singular_values(const std::vector<float>& values, Index m, Index n) {
  const Numbers x = in_double(values);
  Numbers gram(static_cast<std::size_t>(m * m));
  add_row_gram(m, n, x, gram);
  Numbers result = largest_eigenpairs(m, gram, m).values;
  for (double& value : result) value = std::sqrt(std::max(value, 0.0));
  return result;
}

struct Bounds {
  double least = 0;           // of the singular values that were not 0
  double largest = 0;         // of all
  double largest_of_0 = 0.3;  // of those that were, which rounding to bfloat16 makes grow
};

void expect_within(Orthogonalization kind, const Numbers& singular, const Bounds& bounds) {
  constexpr Index n = 50;
  const auto m = static_cast<Index>(singular.size());
  const auto positive = std::ranges::count_if(singular, [](double value) { return value > 0; });
  for (const bool bfloat16 : {false, true}) {
    if (bfloat16 && !has_onednn()) continue;
    const Numbers found = singular_values(
        orthogonalized(kind, with_singular_values(singular, n), m, n, bfloat16), m, n);
    const double rounding = bfloat16 ? 0.05 : 1e-3;
    EXPECT_LT(found.front(), bounds.largest + rounding);
    EXPECT_GT(found[static_cast<std::size_t>(positive - 1)], bounds.least - rounding);
    if (positive < m) {
      EXPECT_LT(found.back(), bfloat16 ? bounds.largest_of_0 : 1e-3);
    }
  }
}

TEST(NewtonSchulz, singular_values_end_near_one) {
  Numbers falling;  // the bound of the norm exceeds the largest of these by less than a fifth
  const double ratio = std::pow(1.2 * polar_express_margin * polar_express_least, 1.0 / 39);
  for (int i = 0; i < 40; ++i) falling.push_back(std::pow(ratio, i));
  Numbers deficient(40, 0.0);
  std::fill_n(deficient.begin(), 12, 0.01);
  Numbers of_rank_1(30, 0.0);
  of_rank_1[0] = 7;
  for (const Numbers& singular : {Numbers(40, 1.0), falling, deficient, of_rank_1}) {
    expect_within(Orthogonalization::polar_express, singular,
                  {1 - polar_express_error, 1 + polar_express_error});
    expect_within(Orthogonalization::constant, singular, {0.67, 1.21});
  }
}

TEST(NewtonSchulz, size_does_not_matter_and_zeros_stay) {
  const auto values = test::normal_numbers(60, 7);
  const std::vector<float> zeros(60, 0.0F);
  for (const Orthogonalization kind : kinds) {
    const std::vector<float> expected = orthogonalized(kind, values, 6, 10);
    for (const float size : {1e-30F, 1e30F}) {
      auto scaled = values;
      for (float& value : scaled) value *= size;
      EXPECT_LT(difference(orthogonalized(kind, scaled, 6, 10), in_double(expected)), 1e-5) << size;
    }
    EXPECT_EQ(orthogonalized(kind, zeros, 6, 10), zeros);
    std::vector<float> nothing = zeros;
    nothing[7] = 1e-42F;
    EXPECT_EQ(orthogonalized(kind, nothing, 6, 10), nothing);
  }
}

TEST(NewtonSchulz, what_is_not_finite_stays_so) {
  auto values = test::normal_numbers(60, 7);
  values[5] = std::numeric_limits<float>::quiet_NaN();
  for (const Orthogonalization kind : kinds)
    EXPECT_TRUE(std::isnan(orthogonalized(kind, values, 6, 10)[0]));
}

TEST(NewtonSchulz, flops_are_those_of_the_smaller_side) {
  const auto flops = [](Index rows, Index columns) {
    return newton_schulz_flops(Orthogonalization::constant, rows, columns);
  };
  EXPECT_EQ(flops(2, 5), 5 * 4 * 17);
  EXPECT_EQ(flops(5, 2), flops(2, 5));
  EXPECT_EQ(newton_schulz_flops(Orthogonalization::polar_express, 2, 5) * 5,
            flops(2, 5) * static_cast<double>(polar_express_quintics.size()));
}

}  // namespace
}  // namespace hourglass
