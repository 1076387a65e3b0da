#include "optim/levenberg_marquardt.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hourglass {
namespace {

// A step of slope -1 and curvature 2 along which the loss bends by `bend` times half the curvature.
StepOutcome bent(double bend) {
  return {.loss = 1, .change = -1 + bend, .slope = -1, .curvature = 2};
}

TEST(LevenbergMarquardt, every_fifth_step_is_compared_and_the_first_ones_more_often) {
  std::vector<Index> due;
  for (Index step = 1; step <= 45; ++step) {
    if (LevenbergMarquardt::is_due(step)) due.push_back(step);
  }
  EXPECT_EQ(due,
            (std::vector<Index>{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 35, 40, 45}));
}

TEST(LevenbergMarquardt, the_first_comparison_measures_the_scale) {
  LevenbergMarquardt rule(0.5, true);
  EXPECT_EQ(rule.state(7).scale, 0);
  EXPECT_EQ(rule.state(7).loss, 7);
  rule.observe(1, bent(-0.1));
  EXPECT_EQ(rule.state(0).scale, 0) << "a negative curvature";
  rule.observe(1, bent(0.3));
  EXPECT_DOUBLE_EQ(rule.state(0).scale, 0.3);
  EXPECT_EQ(rule.state(0).damping, 0.5);
}

TEST(LevenbergMarquardt, damping_follows_the_ratio_of_both_changes) {
  // The model expects -1 + 0.4.
  const auto after = [](double change, Index step) {
    LevenbergMarquardt rule(0.5, true);
    rule.restore(0.5, 0.4);
    rule.observe(step, {.loss = 1, .change = change, .slope = -1, .curvature = 2});
    return rule.state(0).damping;
  };
  const double of_five = std::pow(19.0 / 20, 2.5);
  EXPECT_DOUBLE_EQ(after(-0.6 * 0.76, 40), 0.5 * of_five);
  EXPECT_DOUBLE_EQ(after(-0.6 * 0.74, 40), 0.5);
  EXPECT_DOUBLE_EQ(after(-0.6 * 0.26, 40), 0.5);
  EXPECT_DOUBLE_EQ(after(-0.6 * 0.24, 40), 0.5 / of_five);
  EXPECT_DOUBLE_EQ(after(0.1, 40), 0.5 / of_five);
  EXPECT_DOUBLE_EQ(after(-0.6, 2), 0.5 * std::sqrt(19.0 / 20)) << "one step";
}

TEST(LevenbergMarquardt, damping_stays_within_bounds_and_where_it_is_when_constant) {
  LevenbergMarquardt good(0.5, true);
  LevenbergMarquardt poor(0.5, true);
  LevenbergMarquardt constant(0.5, false);
  for (int i = 0; i < 200; ++i) {
    good.restore(good.state(0).damping, 0.4);
    poor.restore(poor.state(0).damping, 0.4);
    good.observe(40, bent(0.4));
    poor.observe(40, bent(1.1));
    constant.observe(40, bent(0.4));
  }
  EXPECT_EQ(good.state(0).damping, LevenbergMarquardt::smallest_damping);
  EXPECT_EQ(poor.state(0).damping, LevenbergMarquardt::largest_damping);
  EXPECT_EQ(constant.state(0).damping, 0.5);
  EXPECT_DOUBLE_EQ(constant.state(0).scale, 0.4);
}

TEST(LevenbergMarquardt, the_scale_goes_half_the_way_by_a_factor_of_2_at_most) {
  const auto scaled = [](double bend) {
    LevenbergMarquardt rule(0.5, false);
    rule.restore(0.5, 0.4);
    rule.observe(40, bent(bend));
    return rule.state(0).scale;
  };
  EXPECT_DOUBLE_EQ(scaled(0.9), 0.6);
  EXPECT_DOUBLE_EQ(scaled(0.1), 0.2);
  EXPECT_DOUBLE_EQ(scaled(40), 0.8);
  EXPECT_DOUBLE_EQ(scaled(-3), 0.2);
}

TEST(LevenbergMarquardt, steps_that_tell_nothing_change_nothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const StepOutcome& outcome : {
           StepOutcome{.loss = 1, .change = nan, .slope = -1, .curvature = 2},
           StepOutcome{.loss = 1, .change = -1, .slope = -1, .curvature = nan},
           StepOutcome{.loss = 1, .change = -1, .slope = -1, .curvature = 0},
           // Lost in rounding.
           StepOutcome{.loss = 1e6, .change = 0.3, .slope = -0.1, .curvature = 0.1},
       }) {
    LevenbergMarquardt rule(0.5, true);
    rule.restore(0.5, 0.4);
    rule.observe(40, outcome);
    EXPECT_EQ(rule.state(0).damping, 0.5);
    EXPECT_EQ(rule.state(0).scale, 0.4);
  }
  // Momentum leads upwards, as the model expects.
  LevenbergMarquardt rule(0.5, true);
  rule.restore(0.5, 0.4);
  rule.observe(40, {.loss = 1, .change = 1.4, .slope = 1, .curvature = 2});
  EXPECT_EQ(rule.state(0).damping, 0.5);
}

}  // namespace
}  // namespace hourglass
