#include "optim/adadelta.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;
using test::expect_usage_error;

TEST(AdaDelta, equals_the_formula) {
  compare_with_rule({.name = "adadelta", .beta2 = 0.9, .epsilon = 1e-6, .weight_decay = 0.01}, 2,
                    [](double& p, std::vector<double>& s, double g, Index, double rate, double w) {
                      g += w * p;
                      s[0] = 0.9 * s[0] + 0.1 * g * g;
                      const double d = g * std::sqrt(s[1] + 1e-6) / std::sqrt(s[0] + 1e-6);
                      s[1] = 0.9 * s[1] + 0.1 * d * d;
                      p -= rate * d;
                    });
}

TEST(AdaDelta, refuses_bad_settings) {
  expect_usage_error({.name = "adadelta", .beta2 = -0.1}, {"--beta2"});
}

}  // namespace
}  // namespace hourglass
