#include "optim/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::normal_numbers;
using test::Trial;

constexpr std::size_t size = 128;

OptimizerSettings adam(double weight_decay = 0) {
  return {.name = "adam", .weight_decay = weight_decay};
}
OptimizerSettings adamw(double weight_decay) {
  return {.name = "adamw", .weight_decay = weight_decay};
}

TEST(Adam, constant_gradient_moves_by_the_rate_every_step) {
  // Both bias-corrected means are exact then: the step is rate * g / (|g| + epsilon).
  const std::vector<float> gradient = {1.0F, -3.0F, 1e-3F, -1e-6F, 1e-8F};
  Trial trial(adam(), std::vector<float>(5, 0.0F));
  for (Index t = 1; t <= 200; ++t) {
    trial.update({.step = t, .learning_rate = 1e-3}, gradient);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const auto g = static_cast<double>(gradient[i]);
      const double expected = -1e-3 * static_cast<double>(t) * g / (std::fabs(g) + 1e-8);
      EXPECT_NEAR(static_cast<double>(trial.parameters[i]) / expected, 1.0, 2e-5)
          << "step " << t << " of " << g;
    }
  }
}

struct Case {
  const char* name;
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
};

// The textbook form, with both corrected means written out, in double.
void compare_with_reference(const Case& c) {
  Trial trial({.name = c.name,
               .beta1 = c.beta1,
               .beta2 = c.beta2,
               .epsilon = c.epsilon,
               .weight_decay = c.weight_decay},
              normal_numbers(size, 0));
  const bool decoupled = std::string(c.name) == "adamw";
  std::vector<double> p(trial.parameters.begin(), trial.parameters.end());
  std::vector<double> m(size, 0.0);
  std::vector<double> v(size, 0.0);
  for (Index t = 1; t <= 500; ++t) {
    const UpdateStep step = {.step = t,
                             .learning_rate = 1e-2 / std::sqrt(static_cast<double>(t)),
                             .gradient_scale = t % 3 == 0 ? 0.3F : 1.0F,
                             .rate_factor = t % 5 == 0 ? 0.5 : 1.0,
                             .decay_factor = t % 2 == 0 ? 0.0 : 1.5};
    const auto gradient = normal_numbers(size, static_cast<std::uint64_t>(t));
    trial.update(step, gradient);
    const double rate = step.learning_rate * step.rate_factor;
    const double decay = c.weight_decay * step.decay_factor;
    for (std::size_t i = 0; i < size; ++i) {
      double g = static_cast<double>(step.gradient_scale) * static_cast<double>(gradient[i]);
      if (decoupled) {
        p[i] *= 1 - rate * decay;
      } else {
        g += decay * p[i];
      }
      m[i] = c.beta1 * m[i] + (1 - c.beta1) * g;
      v[i] = c.beta2 * v[i] + (1 - c.beta2) * g * g;
      const double mean = m[i] / (1 - std::pow(c.beta1, static_cast<double>(t)));
      const double variance = v[i] / (1 - std::pow(c.beta2, static_cast<double>(t)));
      p[i] -= rate * mean / (std::sqrt(variance) + c.epsilon);
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_NEAR(static_cast<double>(trial.parameters[i]), p[i], 4e-6) << c.name << " element " << i;
    EXPECT_NEAR(static_cast<double>(trial.state[0][i]), m[i], 1e-6) << c.name << " element " << i;
    EXPECT_NEAR(static_cast<double>(trial.state[1][i]) / v[i], 1.0, 2e-5)
        << c.name << " element " << i;
  }
}

TEST(Adam, agrees_with_a_scalar_reference_in_double) {
  compare_with_reference({"adam", 0.9, 0.999, 1e-8, 0});
  compare_with_reference({"adam", 0.9, 0.999, 1e-8, 0.1});
  compare_with_reference({"adam", 0.0, 0.9, 1e-3, 0.01});
  compare_with_reference({"adam", 0.5, 0.0, 1e-2, 0});
}

TEST(AdamW, agrees_with_a_scalar_reference_in_double) {
  compare_with_reference({"adamw", 0.9, 0.999, 1e-8, 0.1});
  compare_with_reference({"adamw", 0.8, 0.99, 1e-4, 0.5});
}

TEST(AdamW, decays_without_a_gradient) {
  Trial trial(adamw(0.1), {1.0F, -5.0F});
  for (Index t = 1; t <= 300; ++t) trial.update({.step = t, .learning_rate = 0.01}, {0.0F, 0.0F});
  const double factor = std::pow(1 - 0.01 * 0.1, 300);
  EXPECT_NEAR(static_cast<double>(trial.parameters[0]) / factor, 1.0, 2e-5);
  EXPECT_NEAR(static_cast<double>(trial.parameters[1]) / factor, -5.0, 1e-4);
}

TEST(AdamW, equals_adam_without_decay_and_differs_with_it) {
  Trial plain(adam(), normal_numbers(size, 0));
  Trial decoupled(adamw(0), plain.parameters);
  Trial excluded(adamw(0.1), plain.parameters);
  Trial coupled(adam(0.1), plain.parameters);
  Trial decayed(adamw(0.1), plain.parameters);
  for (Index t = 1; t <= 20; ++t) {
    const auto gradient = normal_numbers(size, static_cast<std::uint64_t>(t));
    for (Trial* trial : {&plain, &decoupled, &coupled, &decayed})
      trial->update({.step = t, .learning_rate = 0.01}, gradient);
    excluded.update({.step = t, .learning_rate = 0.01, .decay_factor = 0}, gradient);
  }
  EXPECT_EQ(plain.parameters, decoupled.parameters);
  EXPECT_EQ(plain.parameters, excluded.parameters);
  EXPECT_NE(plain.parameters, coupled.parameters);
  EXPECT_NE(plain.parameters, decayed.parameters);
  EXPECT_NE(coupled.parameters, decayed.parameters);
}

TEST(Adam, moments_of_a_dead_weight_reach_zero) {
  OptimizerSettings settings = adam();
  settings.beta2 = 0.9;
  Trial trial(settings, {1.0F});
  trial.update({.step = 1, .learning_rate = 1e-3}, {1.0F});
  for (Index t = 2; t <= 2000; ++t) {
    trial.update({.step = t, .learning_rate = 1e-3}, {0.0F});
    for (const auto& moment : trial.state) EXPECT_NE(std::fpclassify(moment[0]), FP_SUBNORMAL) << t;
  }
  EXPECT_EQ(trial.state[0][0], 0.0F);
  EXPECT_EQ(trial.state[1][0], 0.0F);
  EXPECT_TRUE(std::isfinite(trial.parameters[0]));
}

TEST(Adam, overflowing_variance_becomes_visible) {
  // The square of the gradient is infinite in single precision: the weight must not silently stop.
  Trial trial(adam(), {1.0F});
  trial.update({.step = 1, .learning_rate = 1e-3}, {1e30F});
  trial.update({.step = 2, .learning_rate = 1e-3}, {1.0F});
  EXPECT_TRUE(std::isnan(trial.parameters[0]));
}

TEST(Adam, far_steps_have_no_bias_left) {
  Trial trial(adam(), {0.0F});
  trial.state[0][0] = 0.5F;
  trial.state[1][0] = 0.25F;
  trial.update({.step = Index{1} << 40, .learning_rate = 1e-3}, {0.5F});
  EXPECT_FLOAT_EQ(trial.parameters[0], -1e-3F);
}

TEST(Adam, state_is_mean_and_variance) {
  EXPECT_EQ(make_optimizer(adam())->state_names(), (std::vector<std::string>{"mean", "variance"}));
  EXPECT_EQ(make_optimizer(adamw(0.1))->state_names(),
            (std::vector<std::string>{"mean", "variance"}));
}

TEST(Adam, settings_out_of_range_are_named) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const char* name : {"adam", "adamw"}) {
    for (const double beta : {-0.1, 1.0, 1.5, nan}) {
      test::expect_usage_error({.name = name, .beta1 = beta}, {"--beta1"});
      test::expect_usage_error({.name = name, .beta2 = beta}, {"--beta2"});
    }
    for (const double epsilon : {0.0, -1e-8, 1e-60, 1e60, nan}) {
      test::expect_usage_error({.name = name, .epsilon = epsilon}, {"--epsilon"});
    }
    for (const double decay : {-0.1, infinity, nan}) {
      test::expect_usage_error({.name = name, .weight_decay = decay}, {"--weight-decay"});
    }
  }
}

TEST(Adam, step_zero_is_a_bug) {
  Trial trial(adam(), {1.0F});
  EXPECT_THROW(trial.update({.step = 0, .learning_rate = 1e-3}, {1.0F}), Error);
}

}  // namespace
}  // namespace hourglass
