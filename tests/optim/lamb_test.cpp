#include "optim/lamb.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;

TEST(Lamb, equals_the_formula_where_the_ratio_is_one) {
  compare_with_rule(
      {.name = "lamb", .weight_decay = 0.01}, 2,
      [](double& p, std::vector<double>& s, double g, Index t, double rate, double w) {
        s[0] = 0.9 * s[0] + 0.1 * g;
        s[1] = 0.999 * s[1] + 0.001 * g * g;
        const double m = s[0] / (1 - std::pow(0.9, static_cast<double>(t)));
        const double v = s[1] / (1 - std::pow(0.999, static_cast<double>(t)));
        p -= rate * (m / (std::sqrt(v) + 1e-8) + w * p);
      });
}

TEST(Lamb, ratio_is_of_weights_to_direction) {
  const auto optimizer = make_optimizer({.name = "lamb"});
  EXPECT_DOUBLE_EQ(optimizer->trust_ratio({}, 3, 4), 0.75);
  EXPECT_EQ(optimizer->trust_ratio({}, 0, 4), 1);
  EXPECT_EQ(optimizer->trust_ratio({}, 3, 0), 1);
  EXPECT_EQ(optimizer->trust_ratio({}, 3, 1e-38), 1);
}

TEST(Lamb, norm_of_the_direction_is_that_of_the_step_made) {
  const std::vector<float> start = test::normal_numbers(192, 0);
  const std::vector<float> gradient = test::normal_numbers(192, 1);
  const auto optimizer = make_optimizer({.name = "lamb", .weight_decay = 0.1});
  std::vector<float> p = start;
  std::vector<float> mean(192);
  std::vector<float> variance(192);
  const std::vector<float*> state = {mean.data(), variance.data()};
  TensorNorms norms;
  const UpdateStep step{.step = 1, .learning_rate = 1};
  optimizer->advance(step, p, gradient, state, norms);
  optimizer->update(step, p, gradient, state);
  double moved = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    moved += std::pow(static_cast<double>(p[i]) - static_cast<double>(start[i]), 2);
  EXPECT_NEAR(norms.direction.value(), moved, 1e-4 * moved);
}

}  // namespace
}  // namespace hourglass
