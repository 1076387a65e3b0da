#include "optim/lars.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;
using test::expect_usage_error;

TEST(Lars, equals_the_formula_where_the_ratio_is_one) {
  compare_with_rule({.name = "lars", .momentum = 0.9, .weight_decay = 0.01}, 1,
                    [](double& p, std::vector<double>& s, double g, Index, double rate, double w) {
                      s[0] = 0.9 * s[0] + rate * (g + w * p);
                      p -= s[0];
                    });
}

TEST(Lars, ratio_is_of_weights_to_gradient_and_decay) {
  const auto optimizer =
      make_optimizer({.name = "lars", .weight_decay = 0.1, .trust_coefficient = 0.02});
  UpdateStep step;
  step.gradient_scale = 0.5F;
  step.decay_factor = 2;
  EXPECT_DOUBLE_EQ(optimizer->trust_ratio(step, 3, 4), 0.02 * 3 / (2 + 0.2 * 3));
  EXPECT_EQ(optimizer->trust_ratio(step, 0, 4), 1);
  EXPECT_EQ(optimizer->trust_ratio(step, 3, 0), 1);
  EXPECT_EQ(optimizer->trust_ratio(step, 3, 1e-38), 1);
  EXPECT_TRUE(optimizer->layer_wise());
  expect_usage_error({.name = "lars", .trust_coefficient = 0}, {"--trust-coefficient"});
}

TEST(Lars, norms_are_those_of_weights_and_gradient) {
  const auto optimizer = make_optimizer({.name = "lars"});
  std::vector<float> p(cell_floats);
  std::vector<float> g(cell_floats);
  p[0] = 3;
  p[63] = 4;
  g[0] = 1;
  g[1] = g[2] = 2;
  TensorNorms norms;
  optimizer->advance({}, p, g, {}, norms);
  EXPECT_EQ(norms.parameters.value(), 25);
  EXPECT_EQ(norms.direction.value(), 9);
}

}  // namespace
}  // namespace hourglass
