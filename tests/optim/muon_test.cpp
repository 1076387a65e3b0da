#include "optim/muon.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include "optim/trial.hpp"

namespace hourglass {
namespace {

TEST(Muon, what_is_no_matrix_is_updated_by_adamw) {
  test::Trial muon({.name = "muon", .momentum = 0.9, .weight_decay = 0.1},
                   test::normal_numbers(64, 0));
  test::Trial adamw({.name = "adamw", .weight_decay = 0.1}, test::normal_numbers(64, 0));
  for (Index t = 1; t <= 5; ++t) {
    const auto gradient = test::normal_numbers(64, static_cast<std::uint64_t>(t));
    muon.update({.step = t, .learning_rate = 0.01}, gradient);
    adamw.update({.step = t, .learning_rate = 0.01}, gradient);
  }
  EXPECT_EQ(muon.parameters, adamw.parameters);
}

void orthogonalize(Matrix m) {
  std::vector<float> scratch(
      static_cast<std::size_t>(newton_schulz_scratch_floats(m.rows, m.columns)), NAN);
  newton_schulz(m, scratch);
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

TEST(Muon, a_diagonal_keeps_its_signs_and_zeros_stay) {
  std::vector<float> values = {2, 0, 0, -0.5F};
  orthogonalize(Matrix(values.data(), 2, 2));
  EXPECT_NEAR(values[0], 1, 0.35);
  EXPECT_NEAR(values[3], -1, 0.35);
  EXPECT_NEAR(values[1], 0, 1e-6);
  std::vector<float> zeros(4, 0.0F);
  orthogonalize(Matrix(zeros.data(), 2, 2));
  EXPECT_EQ(zeros, std::vector<float>(4, 0.0F));
}

TEST(Muon, a_matrix_moves_along_its_direction) {
  const auto optimizer = make_optimizer({.name = "muon", .momentum = 0.5, .weight_decay = 0.1});
  std::vector<float> momentum = {1, 2};
  std::vector<float> variance(2);
  const std::vector<float*> state = {momentum.data(), variance.data()};
  std::vector<float> direction(2);
  optimizer->matrix_direction({.gradient_scale = 0.5F}, std::vector<float>{4, -4}, state,
                              direction);
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
