#include "optim/muon.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/buffer.hpp"
#include "math/onednn.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

void orthogonalize(Matrix m, bool bfloat16 = false) {
  Buffer<float> scratch(newton_schulz_scratch_floats(m.rows, m.columns));
  newton_schulz(m, bfloat16, scratch.span());
}

// Singular values of m are the roots of the eigenvalues of m m^T; for an orthogonal-ish result all
// lie near 1.
TEST(Muon, newton_schulz_brings_singular_values_near_one) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 20}, {20, 6}, {8, 8}}) {
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns), 3);
    const Matrix m(values.data(), rows, columns);
    orthogonalize(m);
    const Index small = std::min(rows, columns);
    for (Index i = 0; i < small; ++i) {
      for (Index j = 0; j < small; ++j) {
        double product = 0;
        for (Index k = 0; k < std::max(rows, columns); ++k) {
          product += rows <= columns ? static_cast<double>(m(i, k)) * static_cast<double>(m(j, k))
                                     : static_cast<double>(m(k, i)) * static_cast<double>(m(k, j));
        }
        // Squares of singular values between 0.7 and 1.2: the diagonal lies between, the rest is
        // small.
        if (i == j) {
          EXPECT_GT(product, 0.4);
          EXPECT_LT(product, 1.5);
        } else {
          EXPECT_LT(std::fabs(product), 0.45);
        }
      }
    }
  }
}

TEST(Muon, keeps_signs_of_a_diagonal_and_a_matrix_of_zeros) {
  std::vector<float> values = {2, 0, 0, -0.5F};
  orthogonalize(Matrix(values.data(), 2, 2));
  EXPECT_NEAR(values[0], 1, 0.35);
  EXPECT_NEAR(values[3], -1, 0.35);
  EXPECT_NEAR(values[1], 0, 1e-6);
  std::vector<float> zeros(4, 0.0F);
  orthogonalize(Matrix(zeros.data(), 2, 2));
  EXPECT_EQ(zeros, std::vector<float>(4, 0.0F));
}

TEST(Muon, rounded_factors_change_little) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  for (const auto& [rows, columns] : {std::pair<Index, Index>{16, 40}, {40, 16}}) {
    auto exact = test::normal_numbers(static_cast<std::size_t>(rows * columns), 3);
    auto rounded = exact;
    orthogonalize(Matrix(exact.data(), rows, columns));
    orthogonalize(Matrix(rounded.data(), rows, columns), true);
    double difference = 0;
    double size = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      difference += std::pow(static_cast<double>(rounded[i] - exact[i]), 2);
      size += std::pow(static_cast<double>(exact[i]), 2);
    }
    EXPECT_GT(difference, 0);
    EXPECT_LT(std::sqrt(difference / size), 0.03);
  }
}

TEST(Muon, a_matrix_moves_along_its_direction) {
  const auto optimizer = make_optimizer({.name = "muon", .momentum = 0.5, .weight_decay = 0.1});
  std::vector<float> momentum = {1, 2};
  std::vector<float> variance(2);
  const std::vector<float*> state = {momentum.data(), variance.data()};
  std::vector<float> direction(2);
  optimizer->matrix_rule()->collect(0.5F, std::vector<float>{4, -4}, state, direction);
  EXPECT_EQ(momentum, std::vector<float>({2.5F, -1}));
  EXPECT_EQ(direction, std::vector<float>({3.25F, -2.5F}));
  std::vector<float> p = {1, 1};
  UpdateStep step{.learning_rate = 0.1};
  step.matrix = true;
  optimizer->update(step, p, direction, state);
  EXPECT_NEAR(p[0], 1 - 0.1 * 3.25 - 0.01, 1e-6);
  EXPECT_NEAR(p[1], 1 + 0.1 * 2.5 - 0.01, 1e-6);
}

}  // namespace
}  // namespace hourglass
