#include "optim/lbfgs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

constexpr std::size_t size = 64;

double product(std::span<const float> a, std::span<const float> b) {
  ExactSum sum;
  add_products(a, b, sum);
  return sum.value();
}

TEST(Lbfgs, products_do_not_depend_on_how_vectors_are_divided) {
  const auto a = test::normal_numbers(5 * size, 1);
  const auto b = test::normal_numbers(5 * size, 2);
  double plain = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    plain += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  EXPECT_NEAR(product(a, b), plain, 1e-9);
  ExactSum parts;
  add_products(std::span(a).subspan(3 * size), std::span(b).subspan(3 * size), parts);
  add_products(std::span(a).first(3 * size), std::span(b).first(3 * size), parts);
  EXPECT_EQ(parts.value(), product(a, b));
}

TEST(Lbfgs, without_history_it_is_steepest_descent) {
  Lbfgs lbfgs(3, size);
  const auto gradient = test::normal_numbers(size, 1);
  std::vector<float> direction(size);
  lbfgs.direction(gradient, product, direction);
  for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(direction[i], -gradient[i]);
}

TEST(Lbfgs, direction_is_that_of_the_matrix_of_the_bfgs_formula) {
  // H <- (I - s y'/ys) H (I - y s'/ys) + s s'/ys, from H0 = (s y / y y) I, for the pairs that are
  // left, in double.
  constexpr Index history = 3;
  Lbfgs lbfgs(history, size);
  std::vector<std::vector<float>> steps;
  std::vector<std::vector<float>> changes;
  for (std::uint64_t k = 0; k < 5; ++k) {
    auto s = test::normal_numbers(size, 10 + k);
    auto y = s;
    for (std::size_t i = 0; i < size; ++i) y[i] *= 0.5F + static_cast<float>(i) / 20;
    ASSERT_TRUE(lbfgs.add(s, y, product));
    steps.push_back(s);
    changes.push_back(y);
  }
  EXPECT_EQ(lbfgs.pairs(), history);
  const auto dot = [](const std::vector<float>& a, const std::vector<float>& b) {
    return product(a, b);
  };
  std::vector<std::vector<double>> h(size, std::vector<double>(size, 0.0));
  for (std::size_t i = 0; i < size; ++i)
    h[i][i] = dot(steps.back(), changes.back()) / dot(changes.back(), changes.back());
  for (std::size_t k = 2; k < 5; ++k) {
    const double rho = 1 / dot(steps[k], changes[k]);
    std::vector<double> hy(size);
    double yhy = 0;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) hy[i] += h[i][j] * static_cast<double>(changes[k][j]);
      yhy += static_cast<double>(changes[k][i]) * hy[i];
    }
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        const auto si = static_cast<double>(steps[k][i]);
        const auto sj = static_cast<double>(steps[k][j]);
        h[i][j] += (1 + rho * yhy) * rho * si * sj - rho * (hy[i] * sj + si * hy[j]);
      }
    }
  }
  const auto gradient = test::normal_numbers(size, 99);
  std::vector<float> direction(size);
  lbfgs.direction(gradient, product, direction);
  for (std::size_t i = 0; i < size; ++i) {
    double expected = 0;
    for (std::size_t j = 0; j < size; ++j) expected -= h[i][j] * static_cast<double>(gradient[j]);
    EXPECT_NEAR(direction[i], expected, 1e-5 * (1 + std::abs(expected))) << i;
  }
}

TEST(Lbfgs, quadratic_is_minimised_in_as_many_exact_steps_as_it_has_dimensions) {
  // f = sum_i l_i (x_i - t_i)^2 / 2 in 8 dimensions; the rest is padding. With exact steps this is
  // the method of conjugate gradients.
  constexpr std::size_t dimensions = 8;
  const auto target = test::normal_numbers(dimensions, 5);
  std::vector<float> x(size);
  const auto curvature = [](std::size_t i) { return 1.0 + static_cast<double>(i); };
  const auto gradient_at = [&](const std::vector<float>& at) {
    std::vector<float> g(size);
    for (std::size_t i = 0; i < dimensions; ++i)
      g[i] = static_cast<float>(curvature(i) *
                                (static_cast<double>(at[i]) - static_cast<double>(target[i])));
    return g;
  };
  Lbfgs lbfgs(10, size);
  auto gradient = gradient_at(x);
  std::vector<float> direction(size);
  for (std::size_t k = 0; k < dimensions; ++k) {
    lbfgs.direction(gradient, product, direction);
    double bend = 0;
    for (std::size_t i = 0; i < dimensions; ++i)
      bend += curvature(i) * static_cast<double>(direction[i]) * static_cast<double>(direction[i]);
    const double step = -product(gradient, direction) / bend;
    auto next = x;
    for (std::size_t i = 0; i < size; ++i)
      next[i] =
          static_cast<float>(static_cast<double>(x[i]) + step * static_cast<double>(direction[i]));
    const auto after = gradient_at(next);
    std::vector<float> moved(size);
    std::vector<float> changed(size);
    for (std::size_t i = 0; i < size; ++i) {
      moved[i] = next[i] - x[i];
      changed[i] = after[i] - gradient[i];
    }
    lbfgs.add(moved, changed, product);
    x = next;
    gradient = after;
  }
  for (std::size_t i = 0; i < size; ++i)
    EXPECT_NEAR(x[i], i < dimensions ? target[i] : 0.0F, 2e-5) << i;
}

TEST(Lbfgs, pairs_of_no_or_negative_curvature_are_left_out) {
  Lbfgs lbfgs(3, size);
  const auto s = test::normal_numbers(size, 1);
  auto y = s;
  for (float& value : y) value = -value;
  EXPECT_FALSE(lbfgs.add(s, y, product));
  EXPECT_FALSE(lbfgs.add(s, std::vector<float>(size, 0.0F), product));
  EXPECT_FALSE(lbfgs.add(std::vector<float>(size, 0.0F), s, product));
  EXPECT_EQ(lbfgs.pairs(), 0);
}

}  // namespace
}  // namespace hourglass
