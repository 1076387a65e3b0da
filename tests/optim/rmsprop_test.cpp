#include "optim/rmsprop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;
using test::expect_usage_error;

TEST(RmsProp, equals_the_formula) {
  for (const bool centered : {false, true}) {
    for (const double momentum : {0.0, 0.9}) {
      OptimizerSettings settings{.name = "rmsprop",
                                 .momentum = momentum,
                                 .beta2 = 0.9,
                                 .epsilon = 1e-4,
                                 .weight_decay = 0.01};
      settings.centered = centered;
      compare_with_rule(
          settings, 3,
          [=](double& p, std::vector<double>& s, double g, Index, double rate, double w) {
            g += w * p;
            s[0] = 0.9 * s[0] + 0.1 * g * g;
            s[1] = 0.9 * s[1] + 0.1 * g;
            const double d = centered ? s[0] - s[1] * s[1] : s[0];
            s[2] = momentum * s[2] + g / (std::sqrt(std::max(d, 0.0)) + 1e-4);
            p -= rate * s[2];
          },
          3e-4);
    }
  }
}

TEST(RmsProp, state_depends_on_the_settings) {
  EXPECT_EQ(make_optimizer({.name = "rmsprop"})->state_names(),
            std::vector<std::string>({"variance"}));
  EXPECT_EQ(make_optimizer({.name = "rmsprop", .momentum = 0.5, .centered = true})->state_names(),
            std::vector<std::string>({"variance", "mean", "momentum"}));
  expect_usage_error({.name = "rmsprop", .momentum = 1}, {"--momentum"});
  expect_usage_error({.name = "rmsprop", .beta2 = 1}, {"--beta2"});
}

}  // namespace
}  // namespace hourglass
