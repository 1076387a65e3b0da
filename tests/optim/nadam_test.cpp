#include "optim/nadam.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::compare_with_rule;
using test::expect_usage_error;

TEST(NAdam, equals_the_formula) {
  double product = 1;
  Index products = 0;
  const auto mu = [](Index t) {
    return 0.9 * (1 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(t)));
  };
  compare_with_rule(
      {.name = "nadam", .weight_decay = 0.01}, 2,
      [&](double& p, std::vector<double>& s, double g, Index t, double rate, double w) {
        if (products < t) {
          product *= mu(t);
          products = t;
        }
        g += w * p;
        s[0] = 0.9 * s[0] + 0.1 * g;
        s[1] = 0.999 * s[1] + 0.001 * g * g;
        const double m =
            mu(t + 1) * s[0] / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product);
        p -= rate * m / (std::sqrt(s[1] / (1 - std::pow(0.999, static_cast<double>(t)))) + 1e-8);
      });
}

TEST(NAdam, refuses_bad_settings) {
  expect_usage_error({.name = "nadam", .beta1 = 1}, {"--beta1"});
}

}  // namespace
}  // namespace hourglass
