#include "optim/sgd.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::normal_numbers;
using test::Trial;

OptimizerSettings sgd(double momentum = 0, bool nesterov = false, double weight_decay = 0) {
  return {.name = "sgd", .momentum = momentum, .nesterov = nesterov, .weight_decay = weight_decay};
}

TEST(Sgd, plain_descends_a_parabola_geometrically) {
  // Gradient of a p^2 / 2 is a p, so p_t = (1 - rate a)^t p_0.
  const std::vector<float> curvature = {0.5F, 1.0F, 4.0F, 19.0F};
  Trial trial(sgd(), {1.0F, -2.0F, 3.0F, 4.0F});
  const auto start = trial.parameters;
  for (Index step = 1; step <= 60; ++step) {
    std::vector<float> gradient(4);
    for (std::size_t i = 0; i < 4; ++i) gradient[i] = curvature[i] * trial.parameters[i];
    trial.update({.step = step, .learning_rate = 0.1}, gradient);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const double expected =
        static_cast<double>(start[i]) * std::pow(1 - 0.1 * static_cast<double>(curvature[i]), 60);
    EXPECT_NEAR(static_cast<double>(trial.parameters[i]), expected, 2e-5 * std::fabs(expected))
        << i;
  }
}

TEST(Sgd, first_momentum_is_the_first_gradient) {
  Trial trial(sgd(0.9), normal_numbers(64, 1));
  const auto gradient = normal_numbers(64, 2);
  trial.update({.learning_rate = 0.1}, gradient);
  EXPECT_EQ(trial.state[0], gradient);
}

TEST(Sgd, momentum_under_a_constant_gradient) {
  // b_t = g (1 - m^t) / (1 - m); Nesterov steps by g + m b_t = b_{t+1}.
  constexpr double m = 0.9;
  for (const bool nesterov : {false, true}) {
    Trial trial(sgd(m, nesterov), {1.0F, 1.0F});
    const std::vector<float> gradient = {1.0F, -0.25F};
    std::vector<double> expected = {1.0, 1.0};
    for (Index t = 1; t <= 100; ++t) {
      trial.update({.step = t, .learning_rate = 0.01}, gradient);
      const double power = std::pow(m, static_cast<double>(nesterov ? t + 1 : t));
      for (std::size_t i = 0; i < 2; ++i) {
        expected[i] -= 0.01 * static_cast<double>(gradient[i]) * (1 - power) / (1 - m);
        EXPECT_NEAR(static_cast<double>(trial.parameters[i]), expected[i], 1e-5) << t;
      }
    }
  }
}

TEST(Sgd, agrees_with_a_scalar_reference_in_double) {
  constexpr std::size_t size = 128;
  constexpr double weight_decay = 0.01;
  for (const double momentum : {0.0, 0.5, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      Trial trial(sgd(momentum, nesterov, weight_decay), normal_numbers(size, 0));
      std::vector<double> p(trial.parameters.begin(), trial.parameters.end());
      std::vector<double> b(size, 0.0);
      for (Index t = 1; t <= 400; ++t) {
        const UpdateStep step = {.step = t,
                                 .learning_rate = 0.1 / static_cast<double>(t),
                                 .gradient_scale = t % 3 == 0 ? 0.3F : 1.0F,
                                 .rate_factor = t % 5 == 0 ? 0.5 : 1.0,
                                 .decay_factor = t % 2 == 0 ? 0.0 : 1.5};
        const auto gradient = normal_numbers(size, static_cast<std::uint64_t>(t));
        trial.update(step, gradient);
        for (std::size_t i = 0; i < size; ++i) {
          const double g =
              static_cast<double>(step.gradient_scale) * static_cast<double>(gradient[i]) +
              weight_decay * step.decay_factor * p[i];
          b[i] = t == 1 ? g : momentum * b[i] + g;
          const double direction = momentum == 0 ? g : nesterov ? g + momentum * b[i] : b[i];
          p[i] -= step.learning_rate * step.rate_factor * direction;
        }
      }
      for (std::size_t i = 0; i < size; ++i)
        EXPECT_NEAR(static_cast<double>(trial.parameters[i]), p[i], 4e-6) << i;
    }
  }
}

TEST(Sgd, momentum_of_a_dead_weight_reaches_zero) {
  Trial trial(sgd(0.9), {1.0F});
  trial.update({.step = 1, .learning_rate = 0.1}, {1.0F});
  for (Index t = 2; t <= 1000; ++t) {
    trial.update({.step = t, .learning_rate = 0.1}, {0.0F});
    EXPECT_NE(std::fpclassify(trial.state[0][0]), FP_SUBNORMAL) << t;
  }
  EXPECT_EQ(trial.state[0][0], 0.0F);
  EXPECT_NEAR(trial.parameters[0], 0.0F, 1e-6F);  // 1 - 0.1 / (1 - 0.9)
}

// The momentum of step t: the part of a first gradient of 1 that is left when the second is 0.
double momentum_shown(const OptimizerSettings& settings, Index t) {
  const Sgd sgd(settings);
  std::vector<float> p = {0};
  std::vector<float> velocity = {1};
  const std::vector<float*> state = {velocity.data()};
  sgd.update({.step = t, .learning_rate = 1}, p, std::vector<float>{0}, state);
  return static_cast<double>(velocity[0]);
}

TEST(Sgd, momentum_of_sutskevers_schedule) {
  OptimizerSettings settings = sgd(0.99);
  settings.momentum_schedule = "sutskever";
  // 1 - 2^(-1 - log2(floor((t - 1) / 250) + 1)) for the first update t = 1: 1/2, 3/4, 5/6, 7/8, ...
  // up to the limit.
  for (const auto& [t, expected] : {std::pair<Index, double>{1, 0.5},
                                    {250, 0.5},
                                    {251, 0.75},
                                    {501, 1 - 1.0 / 6},
                                    {751, 0.875},
                                    {12251, 0.99},
                                    {1000000, 0.99}}) {
    EXPECT_NEAR(momentum_shown(settings, t), expected, 1e-7) << t;
  }
}

TEST(Sgd, momentum_is_low_in_the_first_steps_that_are_asked_for) {
  OptimizerSettings settings = sgd(0.9);
  settings.initial_momentum_steps = 10;
  EXPECT_FLOAT_EQ(static_cast<float>(momentum_shown(settings, 1)), 0.5F);
  EXPECT_FLOAT_EQ(static_cast<float>(momentum_shown(settings, 10)), 0.5F);
  EXPECT_FLOAT_EQ(static_cast<float>(momentum_shown(settings, 11)), 0.9F);
  settings.momentum = 0.3;
  EXPECT_FLOAT_EQ(static_cast<float>(momentum_shown(settings, 1)), 0.3F);
}

TEST(Sgd, state_only_with_momentum) {
  EXPECT_TRUE(Sgd(sgd()).state_names().empty());
  EXPECT_EQ(Sgd(sgd(0.9)).state_names(), (std::vector<std::string>{"momentum"}));
}

TEST(Sgd, settings_out_of_range_are_named) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double momentum : {-0.1, 1.0, 2.0, nan})
    test::expect_usage_error(sgd(momentum), {"--momentum"});
  for (const double decay : {-1e-3, nan, infinity})
    test::expect_usage_error(sgd(0, false, decay), {"--weight-decay"});
  test::expect_usage_error(sgd(0, true), {"--nesterov", "--momentum"});
  test::expect_usage_error(sgd(1.5), {"1.5"});
  EXPECT_NO_THROW(static_cast<void>(make_optimizer(sgd(0.99, true, 0.1))));
}

}  // namespace
}  // namespace hourglass
