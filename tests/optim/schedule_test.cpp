#include "optim/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

void expect_usage_error(const ScheduleSettings& settings, const std::vector<std::string>& parts,
                        Index steps_per_epoch = 10, Index total_steps = 100) {
  try {
    const Schedule schedule(settings, steps_per_epoch, total_steps);
    ADD_FAILURE() << "accepted, but should have named " << parts.front();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    for (const std::string& part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Schedule, constant) {
  const Schedule schedule({.name = "constant", .learning_rate = 0.3}, 10, 100);
  for (const Index step : {0, 1, 50, 99, 100, 1000}) EXPECT_EQ(schedule.rate(step), 0.3);
}

TEST(Schedule, step_decays_at_every_multiple) {
  const Schedule schedule(
      {.name = "step", .learning_rate = 0.8, .decay_factor = 0.5, .decay_epochs = 2}, 10, 100);
  EXPECT_EQ(schedule.rate(0), 0.8);
  EXPECT_EQ(schedule.rate(19), 0.8);
  EXPECT_EQ(schedule.rate(20), 0.4);
  EXPECT_EQ(schedule.rate(39), 0.4);
  EXPECT_EQ(schedule.rate(40), 0.2);
  EXPECT_EQ(schedule.rate(99), 0.05);
}

TEST(Schedule, step_with_parts_of_epochs) {
  // 0.25 epochs of 10 steps round to 3 (2.5, away from zero).
  const Schedule schedule(
      {.name = "step", .learning_rate = 1, .decay_factor = 0.5, .decay_epochs = 0.25}, 10, 100);
  EXPECT_EQ(schedule.rate(2), 1.0);
  EXPECT_EQ(schedule.rate(3), 0.5);
  // A period of less than a step is one step.
  const Schedule fast(
      {.name = "step", .learning_rate = 1, .decay_factor = 0.5, .decay_epochs = 1e-6}, 10, 100);
  EXPECT_EQ(fast.rate(1), 0.5);
  // A period longer than any training never ends.
  const Schedule never(
      {.name = "step", .learning_rate = 1, .decay_factor = 0.5, .decay_epochs = 1e300}, 10, 100);
  EXPECT_EQ(never.rate(99), 1.0);
}

TEST(Schedule, cosine_at_chosen_steps) {
  const Schedule schedule({.name = "cosine", .learning_rate = 1, .final_learning_rate = 0.2}, 10,
                          120);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 1.0);
  EXPECT_DOUBLE_EQ(schedule.rate(20), 0.2 + 0.8 * (1 + std::sqrt(3.0) / 2) / 2);
  EXPECT_DOUBLE_EQ(schedule.rate(40), 0.2 + 0.8 * 0.75);
  EXPECT_DOUBLE_EQ(schedule.rate(60), 0.2 + 0.8 * 0.5);
  EXPECT_DOUBLE_EQ(schedule.rate(80), 0.2 + 0.8 * 0.25);
  EXPECT_GT(schedule.rate(119), 0.2);
  EXPECT_EQ(schedule.rate(120), 0.2);
  EXPECT_EQ(schedule.rate(5000), 0.2);
}

TEST(Schedule, cosine_goes_down_all_the_way) {
  const Schedule schedule({.name = "cosine", .learning_rate = 0.1}, 7, 700);
  for (Index step = 1; step <= 700; ++step) EXPECT_LT(schedule.rate(step), schedule.rate(step - 1));
  EXPECT_EQ(schedule.rate(700), 0.0);
}

TEST(Schedule, warm_up_is_a_ramp_and_the_schedule_starts_behind_it) {
  for (const std::string& name : schedule_names()) {
    const ScheduleSettings settings = {.name = name, .learning_rate = 0.5, .decay_epochs = 1};
    ScheduleSettings warm = settings;
    warm.warmup_epochs = 2;
    const Schedule schedule(warm, 10, 100);
    EXPECT_DOUBLE_EQ(schedule.rate(0), 0.5 / 20) << name;
    EXPECT_DOUBLE_EQ(schedule.rate(9), 0.25) << name;
    EXPECT_EQ(schedule.rate(19), 0.5) << name;
    const Schedule shorter(settings, 10, 80);
    if (name == "inverse-sqrt") continue;  // it depends on the warm-up's length
    for (Index step = 0; step < 80; ++step)
      EXPECT_EQ(schedule.rate(20 + step), shorter.rate(step)) << name << " " << step;
  }
}

TEST(Schedule, warm_up_may_fill_the_training_but_not_exceed_it) {
  const Schedule filled({.name = "cosine", .learning_rate = 1, .warmup_epochs = 10}, 10, 100);
  EXPECT_EQ(filled.rate(99), 1.0);
  EXPECT_EQ(filled.rate(100), 0.0);
  expect_usage_error({.warmup_epochs = 10.1}, {"--warmup-epochs", "--epochs"});
  expect_usage_error({.warmup_epochs = 1e300}, {"--warmup-epochs", "--epochs"});
}

TEST(Schedule, warm_up_of_less_than_half_a_step_is_none) {
  const Schedule schedule({.learning_rate = 1, .warmup_epochs = 0.04}, 10, 100);
  EXPECT_EQ(schedule.rate(0), 1.0);
}

TEST(Schedule, is_a_function_of_the_step_alone) {
  const Schedule schedule({.name = "cosine", .learning_rate = 1, .warmup_epochs = 1}, 10, 100);
  const double late = schedule.rate(70);
  static_cast<void>(schedule.rate(3));
  EXPECT_EQ(schedule.rate(70), late);
}

TEST(Schedule, bad_settings_are_named) {
  for (const double rate : {0.0, -1.0, nan, infinity})
    expect_usage_error({.learning_rate = rate}, {"--learning-rate"});
  for (const double epochs : {-1.0, nan, infinity})
    expect_usage_error({.warmup_epochs = epochs}, {"--warmup-epochs"});
  for (const double factor : {0.0, -0.5, 1.5, nan}) {
    expect_usage_error({.name = "step", .decay_factor = factor}, {"--decay-factor"});
  }
  for (const double epochs : {0.0, -1.0, nan})
    expect_usage_error({.name = "step", .decay_epochs = epochs}, {"--decay-epochs"});
  for (const double rate : {-1e-9, nan, infinity}) {
    expect_usage_error({.name = "cosine", .final_learning_rate = rate}, {"--final-learning-rate"});
  }
  expect_usage_error({.name = "cosine", .learning_rate = 0.1, .final_learning_rate = 0.2},
                     {"--final-learning-rate 0.2", "--learning-rate 0.1"});
}

TEST(Schedule, unknown_name_lists_the_known_ones) {
  expect_usage_error({.name = "cosin"}, {"--schedule", "'cosin'", "constant, step, exponential"});
}

TEST(Schedule, settings_of_other_schedules_are_ignored) {
  EXPECT_NO_THROW(Schedule(
      {.name = "constant", .learning_rate = 1e-3, .final_learning_rate = 1, .decay_epochs = -1}, 10,
      100));
}

TEST(Schedule, exponential_and_polynomial_at_known_points) {
  const Schedule exponential(
      {.name = "exponential", .learning_rate = 2, .decay_factor = 0.25, .decay_epochs = 2}, 10,
      100);
  EXPECT_DOUBLE_EQ(exponential.rate(0), 2);
  EXPECT_DOUBLE_EQ(exponential.rate(10), 1);
  EXPECT_DOUBLE_EQ(exponential.rate(20), 0.5);
  const Schedule polynomial(
      {.name = "polynomial", .learning_rate = 2, .final_learning_rate = 1, .decay_power = 2}, 10,
      100);
  EXPECT_DOUBLE_EQ(polynomial.rate(0), 2);
  EXPECT_DOUBLE_EQ(polynomial.rate(50), 1.25);
  EXPECT_DOUBLE_EQ(polynomial.rate(100), 1);
}

TEST(Schedule, cosine_restarts_begin_anew_after_growing_periods) {
  const Schedule schedule(
      {.name = "cosine-restarts", .learning_rate = 2, .decay_epochs = 1, .period_factor = 3}, 10,
      1000);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 2);
  EXPECT_NEAR(schedule.rate(5), 1, 1e-12);
  EXPECT_DOUBLE_EQ(schedule.rate(10), 2);
  EXPECT_NEAR(schedule.rate(25), 1, 1e-12);
  EXPECT_DOUBLE_EQ(schedule.rate(40), 2);
  EXPECT_NEAR(schedule.rate(85), 1, 1e-12);
}

TEST(Schedule, one_cycle_rises_and_falls) {
  const Schedule schedule({.name = "one-cycle", .learning_rate = 1}, 10, 100);
  EXPECT_NEAR(schedule.rate(0), 0.04, 1e-12);
  EXPECT_NEAR(schedule.rate(15), 0.52, 1e-12);
  EXPECT_DOUBLE_EQ(schedule.rate(30), 1);
  EXPECT_NEAR(schedule.rate(65), 0.5, 1e-12);
  EXPECT_NEAR(schedule.rate(100), 0, 1e-12);
}

TEST(Schedule, inverse_square_root_continues_the_warm_up) {
  const Schedule schedule({.name = "inverse-sqrt", .learning_rate = 1, .warmup_epochs = 2}, 10,
                          1000);
  EXPECT_DOUBLE_EQ(schedule.rate(19), 1);
  EXPECT_DOUBLE_EQ(schedule.rate(20), 1);
  EXPECT_DOUBLE_EQ(schedule.rate(80), 0.5);
}

TEST(Schedule, plateaus_are_counted_from_the_validation_errors) {
  EXPECT_EQ(count_plateaus({}, 2), 0);
  const std::vector<double> errors = {5, 4, 4, 4.5, 3, 3.5, 3.2, 3.1, 3.3, 2};
  EXPECT_EQ(count_plateaus(std::span(errors).first(3), 2), 0);
  EXPECT_EQ(count_plateaus(std::span(errors).first(4), 2), 1);
  EXPECT_EQ(count_plateaus(errors, 2), 3);
  EXPECT_EQ(count_plateaus(errors, 3), 1);
  const Schedule schedule({.name = "plateau", .learning_rate = 8, .decay_factor = 0.5}, 10, 100);
  EXPECT_TRUE(schedule.watches_validation());
  EXPECT_DOUBLE_EQ(schedule.rate(3), 8);
  EXPECT_DOUBLE_EQ(schedule.rate(3, 2), 2);
}

TEST(Schedule, rate_scales_with_the_batch) {
  ScheduleSettings settings{.learning_rate = 0.1};
  settings.base_batch = 256;
  EXPECT_DOUBLE_EQ(scaled_learning_rate(settings, 1024), 0.1);
  settings.scaling = "linear";
  EXPECT_DOUBLE_EQ(scaled_learning_rate(settings, 1024), 0.4);
  settings.scaling = "sqrt";
  EXPECT_DOUBLE_EQ(scaled_learning_rate(settings, 1024), 0.2);
  settings.base_batch = 0;
  EXPECT_THROW((void)scaled_learning_rate(settings, 1024), Error);
}

}  // namespace
}  // namespace hourglass
