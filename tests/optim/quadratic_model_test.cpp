#include "optim/quadratic_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hourglass {
namespace {

struct Case {
  double gradient_direction = 0;
  double gradient_last = 0;
  double direction_direction = 0;
  double direction_last = 0;
  double last_last = 0;
};

ModelSums sums_of(const Case& of) {
  ModelSums sums;
  sums.terms[ModelSums::gradient_direction].add(of.gradient_direction);
  sums.terms[ModelSums::gradient_last].add(of.gradient_last);
  sums.terms[ModelSums::direction_direction].add(of.direction_direction);
  sums.terms[ModelSums::direction_last].add(of.direction_last);
  sums.terms[ModelSums::last_last].add(of.last_last);
  return sums;
}

// Of the step -(alpha * direction + mu * last), less the loss.
double value(const Case& of, double scale, const ModelWeights& w) {
  return -w.alpha * of.gradient_direction - w.mu * of.gradient_last +
         scale / 2 *
             (w.alpha * w.alpha * of.direction_direction + 2 * w.alpha * w.mu * of.direction_last +
              w.mu * w.mu * of.last_last);
}

TEST(QuadraticModel, no_other_weights_make_the_model_smaller) {
  const Case of{2, 0.7, 3, -0.4, 1.5};
  const double scale = 4;
  const ModelWeights best = minimize(sums_of(of), {.damping = 1, .scale = scale, .loss = 1});
  const double least = value(of, scale, best);
  for (const double a : {-1e-3, 0.0, 1e-3}) {
    for (const double m : {-1e-3, 0.0, 1e-3})
      EXPECT_GE(value(of, scale, {best.alpha + a, best.mu + m}), least);
  }
  EXPECT_LT(least, 0);
  EXPECT_NE(best.mu, 0);
}

TEST(QuadraticModel, the_penalty_of_weights_adds_curvature_that_is_not_scaled) {
  const Case of{2, 0.7, 3, -0.4, 1.5};
  ModelSums sums = sums_of(of);
  sums.terms[ModelSums::decay_direction_direction].add(12);
  sums.terms[ModelSums::decay_direction_last].add(-1.6);
  sums.terms[ModelSums::decay_last_last].add(6);
  // As much again as the scaled curvature.
  const ModelWeights with = minimize(sums, {.scale = 4});
  const ModelWeights twice = minimize(sums_of(of), {.scale = 8});
  EXPECT_NEAR(with.alpha, twice.alpha, 1e-12);
  EXPECT_NEAR(with.mu, twice.mu, 1e-12);
}

TEST(QuadraticModel, a_last_direction_that_adds_nothing_is_left_out) {
  for (const Case& of : {Case{2, 0, 3, 0, 0}, Case{2, 4, 3, 6, 12}}) {
    const ModelWeights weights = minimize(sums_of(of), {.scale = 4});
    EXPECT_DOUBLE_EQ(weights.alpha, 2.0 / 12);
    EXPECT_EQ(weights.mu, 0);
  }
  EXPECT_EQ(minimize(ModelSums(), {.scale = 4}).alpha, 0);
}

TEST(QuadraticModel, the_first_step_is_to_take_a_tenth_off_the_loss) {
  const Case of{2, 0, 3, 0, 0};
  const ModelWeights first = minimize(sums_of(of), {.loss = -5});
  // A model with this optimum predicts half of the slope.
  EXPECT_DOUBLE_EQ(first.alpha * of.gradient_direction / 2, 0.5);
  EXPECT_EQ(minimize(sums_of({-1, 0, 3, 0, 0}), {.loss = 5}).alpha, 0);
}

TEST(QuadraticModel, what_is_not_finite_is_not_hidden) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(minimize(sums_of({1, 0, infinity, 0, 0}), {.scale = 1}).alpha));
  EXPECT_TRUE(std::isnan(minimize(sums_of({infinity, 0, 1, 0, 0}), {.loss = 1}).alpha));
}

TEST(QuadraticModel, sums_of_workers_are_added) {
  ModelSums sums = sums_of({1, 2, 3, 4, 5});
  sums.add(sums_of({10, 20, 30, 40, 50}));
  EXPECT_EQ(sums.terms[ModelSums::last_last].value(), 55);
  EXPECT_EQ(sums.terms[ModelSums::gradient_direction].value(), 11);
  sums.clear();
  EXPECT_EQ(sums.terms[ModelSums::last_last].value(), 0);
}

}  // namespace
}  // namespace hourglass
