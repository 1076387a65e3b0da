// The promises of every update rule, independent of its formula.
#include "optim/optimizer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::normal_numbers;
using test::Trial;

constexpr std::size_t cell = cell_floats;
constexpr std::size_t size = 9 * cell;

// Every rule of the factory, with decay, and the variants that take another path.
std::vector<OptimizerSettings> variants() {
  std::vector<OptimizerSettings> result;
  for (const std::string& name : optimizer_names()) {
    result.push_back({.name = name});
    result.push_back({.name = name, .momentum = 0.9, .weight_decay = 0.01});
    result.push_back({.name = name, .momentum = 0.9, .nesterov = true, .weight_decay = 0.01});
  }
  return result;
}

UpdateStep step_number(Index step) {
  return {.step = step, .learning_rate = 0.01, .gradient_scale = 0.7F};
}

// The parameters at the start (0) and the gradient of each of the five steps, drawn once.
const std::vector<float>& numbers_of(Index step) {
  static const auto drawn = [] {
    std::vector<std::vector<float>> result;
    for (std::uint64_t item = 0; item <= 5; ++item) result.push_back(normal_numbers(size, item));
    return result;
  }();
  return drawn.at(static_cast<std::size_t>(step));
}

// Five updates, each made in the runs between the cuts, from the last to the first.
Trial train(const OptimizerSettings& settings, const std::vector<std::size_t>& cuts) {
  Trial trial(settings, numbers_of(0));
  for (Index step = 1; step <= 5; ++step) {
    const std::vector<float>& gradient = numbers_of(step);
    for (std::size_t i = cuts.size() - 1; i > 0; --i)
      trial.update(step_number(step), gradient, cuts[i - 1], cuts[i]);
  }
  return trial;
}

void expect_same_bits(const Trial& a, const Trial& b, const std::string& what) {
  EXPECT_EQ(a.parameters, b.parameters) << what;
  EXPECT_EQ(a.state, b.state) << what;
}

TEST(Optimizer, same_bits_for_every_cut_into_cells) {
  for (const OptimizerSettings& settings : variants()) {
    const Trial whole = train(settings, {0, size});
    // One bit per boundary between cells: whether to cut there.
    for (std::size_t choice = 1; choice < (1U << 8); ++choice) {
      std::vector<std::size_t> cuts = {0};
      for (std::size_t i = 1; i < size / cell; ++i) {
        if ((choice >> (i - 1) & 1) != 0) cuts.push_back(i * cell);
      }
      cuts.push_back(size);
      expect_same_bits(whole, train(settings, cuts), settings.name);
    }
  }
}

TEST(Optimizer, same_bits_element_by_element) {
  std::vector<std::size_t> everywhere(size + 1);
  for (std::size_t i = 0; i <= size; ++i) everywhere[i] = i;
  for (const OptimizerSettings& settings : variants()) {
    if (make_optimizer(settings)->layer_wise()) continue;  // their norms are of whole cells
    expect_same_bits(train(settings, {0, size}), train(settings, everywhere), settings.name);
    expect_same_bits(train(settings, {0, size}),
                     train(settings, {0, 1, 3, 130, 131, size - 5, size}), settings.name);
  }
}

TEST(Optimizer, parameters_move_and_every_state_is_used) {
  for (const OptimizerSettings& settings : variants()) {
    const Trial trial = train(settings, {0, size});
    const auto start = normal_numbers(size, 0);
    for (std::size_t i = 0; i < size; ++i)
      EXPECT_NE(trial.parameters[i], start[i]) << settings.name;
    for (const auto& moment : trial.state) {
      EXPECT_TRUE(std::ranges::none_of(moment, [](float value) { return value == 0.0F; }))
          << settings.name;
    }
  }
}

TEST(Optimizer, padding_stays_zero) {
  for (const OptimizerSettings& settings : variants()) {
    Trial trial(settings, std::vector<float>(cell, 0.0F));
    const std::vector<float> zeros(cell, 0.0F);
    for (Index step = 1; step <= 10; ++step) trial.update(step_number(step), zeros);
    EXPECT_EQ(trial.parameters, zeros) << settings.name;
    for (const auto& moment : trial.state) EXPECT_EQ(moment, zeros) << settings.name;
  }
}

TEST(Optimizer, non_finite_gradients_reach_the_parameters) {
  const auto clean = normal_numbers(cell, 1);
  for (const OptimizerSettings& settings : variants()) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Trial trial(settings, normal_numbers(cell, 0));
      auto gradient = clean;
      gradient[17] = bad;
      trial.update(step_number(1), gradient);
      EXPECT_FALSE(std::isfinite(trial.parameters[17])) << settings.name;
      trial.update(step_number(2), clean);
      EXPECT_FALSE(std::isfinite(trial.parameters[17])) << settings.name << ": healed";
      for (std::size_t i = 0; i < cell; ++i) {
        EXPECT_TRUE(i == 17 || std::isfinite(trial.parameters[i])) << settings.name << ": spread";
      }
    }
  }
}

TEST(Optimizer, gradient_scale_multiplies_the_gradient_first) {
  const auto gradient = normal_numbers(size, 1);
  auto scaled = gradient;
  for (float& value : scaled) value *= 0.125F;
  for (const OptimizerSettings& settings : variants()) {
    Trial by_factor(settings, normal_numbers(size, 0));
    Trial by_hand(settings, normal_numbers(size, 0));
    for (Index step = 1; step <= 3; ++step) {
      by_factor.update({.step = step, .learning_rate = 0.01, .gradient_scale = 0.125F}, gradient);
      by_hand.update({.step = step, .learning_rate = 0.01}, scaled);
    }
    expect_same_bits(by_factor, by_hand, settings.name);
  }
}

TEST(Optimizer, group_factors_multiply_rate_and_decay) {
  const auto gradient = normal_numbers(size, 1);
  for (OptimizerSettings settings : variants()) {
    settings.weight_decay = 0.25;
    Trial by_group(settings, normal_numbers(size, 0));
    settings.weight_decay = 0.125;
    Trial by_hand(settings, normal_numbers(size, 0));
    settings.weight_decay = 0;
    Trial undecayed(settings, normal_numbers(size, 0));
    Trial excluded(settings, normal_numbers(size, 0));
    for (Index step = 1; step <= 3; ++step) {
      by_group.update(
          {.step = step, .learning_rate = 0.5, .rate_factor = 0.25, .decay_factor = 0.5}, gradient);
      by_hand.update({.step = step, .learning_rate = 0.125}, gradient);
      undecayed.update({.step = step, .learning_rate = 0.125}, gradient);
      excluded.update({.step = step, .learning_rate = 0.125, .decay_factor = 0}, gradient);
    }
    expect_same_bits(by_group, by_hand, settings.name);
    expect_same_bits(undecayed, excluded, settings.name);
    EXPECT_NE(by_group.parameters, undecayed.parameters) << settings.name;
  }
}

TEST(Optimizer, empty_run_is_allowed) {
  for (const OptimizerSettings& settings : variants()) {
    Trial trial(settings, {});
    EXPECT_NO_THROW(trial.update(step_number(1), {}));
  }
}

TEST(Optimizer, wrong_lengths_are_bugs) {
  for (const OptimizerSettings& settings : variants()) {
    const auto optimizer = make_optimizer(settings);
    std::vector<float> memory(cell, 0.0F);
    const std::vector<float*> state(optimizer->state_names().size(), memory.data());
    const std::vector<float*> too_many(state.size() + 1, memory.data());
    EXPECT_THROW(optimizer->update({}, memory, std::span<const float>(memory).first(5), state),
                 Error)
        << settings.name;
    EXPECT_THROW(optimizer->update({}, memory, memory, too_many), Error) << settings.name;
  }
}

TEST(OptimizerFactory, knows_its_names) {
  const auto names = optimizer_names();
  for (const char* name : {"sgd", "adam", "adamw"})
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
  EXPECT_EQ(make_optimizer({})->state_names().size(), 2U);  // adam is the default
}

TEST(OptimizerFactory, unknown_name_lists_the_known_ones) {
  test::expect_usage_error({.name = "adma"}, {"--optimizer", "'adma'", "sgd, adam, adamw"});
}

TEST(OptimizerFactory, settings_of_other_rules_are_ignored) {
  EXPECT_NO_THROW(static_cast<void>(make_optimizer({.name = "sgd", .beta1 = 5})));
  EXPECT_NO_THROW(static_cast<void>(make_optimizer({.name = "adam", .momentum = 5})));
}

}  // namespace
}  // namespace hourglass
