// Penalties on activations against their definitions in double: values, and gradients by central
// differences.
#include "model/penalty.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "nn/gaussian_sample.hpp"

namespace hourglass {
namespace {

using Vector = std::vector<double>;

constexpr Index rows = 4;
constexpr Index units = 6;
constexpr float scale = 0.5F;
constexpr float before = 3.0F;  // in the gradient: penalties add to it

std::vector<float> random_activations() {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(rows * units);
  for (float& value : values) value = normal(random);
  return values;
}

ConstMatrix view(const std::vector<float>& values) { return {values.data(), rows, units}; }

/// Every element's gradient against central differences of `value`, the penalty's definition.
void expect_gradient(const std::vector<float>& h, const std::vector<float>& gradient,
                     const std::function<double(const Vector&)>& value) {
  const Vector at(h.begin(), h.end());
  for (std::size_t i = 0; i < h.size(); ++i) {
    Vector moved = at;
    const double step = 1e-6;
    moved[i] = at[i] + step;
    const double above = value(moved);
    moved[i] = at[i] - step;
    const double expected = (above - value(moved)) / (2 * step);
    EXPECT_NEAR(gradient[i], before + scale * expected, 1e-5) << i;
  }
}

TEST(L1Penalty, value_and_gradient) {
  const auto h = random_activations();
  const auto value = [](const Vector& values) {
    double sum = 0;
    for (const double x : values) sum += 0.3 * std::fabs(x);
    return sum;
  };
  std::vector<float> gradient(h.size(), before);
  const double penalty = l1_penalty(0.3, view(h), scale, {gradient.data(), rows, units});
  EXPECT_NEAR(penalty, value({h.begin(), h.end()}), 1e-9);
  expect_gradient(h, gradient, value);
  EXPECT_EQ(l1_penalty(0.3, view(h), 0, {}), penalty) << "without a gradient";
}

TEST(L1Penalty, derivative_at_zero_is_zero) {
  const std::vector<float> h(rows * units, 0.0F);
  std::vector<float> gradient(h.size(), before);
  EXPECT_EQ(l1_penalty(1, view(h), scale, {gradient.data(), rows, units}), 0);
  EXPECT_EQ(gradient, std::vector<float>(h.size(), before));
}

TEST(KlSparsityPenalty, value_and_gradient) {
  const double weight = 0.7;
  const double target = 0.1;
  std::vector<float> h = random_activations();
  for (float& value : h) value = 1 / (1 + std::exp(-value));
  // The penalty of one global batch of these rows, as a function of their activations.
  const auto value = [&](const Vector& values) {
    double sum = 0;
    for (std::size_t j = 0; j < units; ++j) {
      double mean = 0;
      for (std::size_t r = 0; r < rows; ++r) mean += values[r * units + j] / rows;
      sum += target * std::log(target / mean) + (1 - target) * std::log((1 - target) / (1 - mean));
    }
    return weight * rows * sum;
  };
  Vector means(units, 0.0);
  for (std::size_t i = 0; i < h.size(); ++i) means[i % units] += static_cast<double>(h[i]) / rows;
  std::vector<float> gradient(h.size(), before);
  const double penalty =
      kl_sparsity_penalty(weight, target, means, rows, scale, {gradient.data(), rows, units});
  EXPECT_NEAR(penalty, value({h.begin(), h.end()}), 1e-9);
  expect_gradient(h, gradient, value);
}

TEST(KlSparsityPenalty, means_of_dead_and_saturated_units_stay_finite) {
  const Vector means = {0, 1, 0.5};
  std::vector<float> gradient(3, 0.0F);
  const double penalty = kl_sparsity_penalty(1, 0.1, means, 1, 1, {gradient.data(), 1, 3});
  EXPECT_TRUE(std::isfinite(penalty));
  EXPECT_LT(gradient[0], -1e4F);
  EXPECT_GT(gradient[1], 1e4F);
}

TEST(VariationalPenalty, value_and_gradient) {
  const auto posterior = random_activations();  // means and log-variances of 3 units
  for (const double free_bits : {0.0, 0.2}) {
    const auto value = [&](const Vector& values) {
      double sum = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < units / 2; ++j) {
          const double mean = values[r * units + j];
          const double log_variance = values[r * units + units / 2 + j];
          sum += std::max(free_bits, (mean * mean + std::exp(log_variance) - 1 - log_variance) / 2);
        }
      }
      return 2 * sum;
    };
    std::vector<float> gradient(posterior.size(), before);
    const double penalty =
        variational_penalty(2, free_bits, view(posterior), scale, {gradient.data(), rows, units});
    EXPECT_NEAR(penalty, value({posterior.begin(), posterior.end()}), 1e-5);
    expect_gradient(posterior, gradient, value);
    EXPECT_EQ(variational_penalty(2, free_bits, view(posterior), 0, {}), penalty);
  }
}

TEST(VariationalPenalty, log_variances_are_bounded) {
  const std::vector<float> posterior = {0, 0, 0, 1e30F, -1e30F, highest_log_variance};
  std::vector<float> gradient(6, 0.0F);
  const double penalty =
      variational_penalty(1, 0, {posterior.data(), 1, 6}, 1, {gradient.data(), 1, 6});
  EXPECT_NEAR(penalty, (2 * (std::exp(20.0) - 1 - 20) + (std::exp(-20.0) - 1 + 20)) / 2, 1e3);
  EXPECT_EQ(gradient[3], 0);
  EXPECT_EQ(gradient[4], 0);
  EXPECT_GT(gradient[5], 1e8F);
}

TEST(VariationalPenalty, is_the_sum_of_the_divergences_of_units) {
  EXPECT_EQ(unit_divergence(0, 0), 0);
  EXPECT_NEAR(unit_divergence(2, std::log(0.25F)), (4 + 0.25 - 1 - std::log(0.25)) / 2, 1e-6);
  EXPECT_TRUE(std::isnan(unit_divergence(std::nanf(""), 0)));
}

TEST(VariationalPenalty, of_the_prior_is_zero) {
  const std::vector<float> posterior(rows * units, 0.0F);
  std::vector<float> gradient(posterior.size(), before);
  EXPECT_EQ(variational_penalty(1, 0, view(posterior), scale, {gradient.data(), rows, units}), 0);
  EXPECT_EQ(gradient, std::vector<float>(posterior.size(), before));
}

}  // namespace
}  // namespace hourglass
