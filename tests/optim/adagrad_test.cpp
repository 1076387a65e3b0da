#include "optim/adagrad.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;
using test::expect_usage_error;

TEST(AdaGrad, equals_the_formula) {
  for (const double decay : {0.0, 0.01}) {
    compare_with_rule(
        {.name = "adagrad", .weight_decay = decay}, 1,
        [](double& p, std::vector<double>& s, double g, Index, double rate, double w) {
          g += w * p;
          s[0] += g * g;
          p -= rate * g / (std::sqrt(s[0]) + 1e-8);
        });
  }
}

TEST(AdaGrad, refuses_bad_settings) {
  expect_usage_error({.name = "adagrad", .epsilon = 0}, {"--epsilon"});
  expect_usage_error({.name = "adagrad", .weight_decay = -1}, {"--weight-decay"});
}

}  // namespace
}  // namespace hourglass
