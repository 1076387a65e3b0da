#include "optim/shampoo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "math/onednn.hpp"
#include "optim/block_trial.hpp"
#include "optim/slow_matrix.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::SlowMatrix;

OptimizerSettings settings_of(const std::string& graft) {
  OptimizerSettings settings{.name = "shampoo", .momentum = 0.9};
  settings.precondition.every = 3;
  settings.precondition.statistics_every = 2;
  settings.precondition.statistics_decay = 0.8;
  settings.precondition.damping = 1e-3;
  settings.precondition.graft = graft;
  return settings;
}

// The formulas of shampoo.hpp in double.
class SlowShampoo {
 public:
  SlowShampoo(const OptimizerSettings& settings, Index rows, Index columns)
      : settings_(settings),
        left_(rows, rows),
        right_(columns, columns),
        left_root_(rows, rows),
        right_root_(columns, columns),
        momentum_(rows, columns),
        variance_(rows, columns) {}

  SlowMatrix direction(Index t, const SlowMatrix& g) {
    const PreconditionSettings& p = settings_.precondition;
    // Every step at first, every second one from the 32nd on, once a sixteenth of the steps is two.
    const Index interval = t < 32 ? 1 : p.statistics_every;
    if ((t - 1) % interval == 0) {
      const double decay = std::pow(p.statistics_decay, interval);
      left_ = decay * left_ + (1 - decay) * (g * g.transposed());
      right_ = decay * right_ + (1 - decay) * (g.transposed() * g);
    }
    if (t == 1 || t % p.every == 0) {
      const auto root = [&](double value) { return std::pow(value + p.damping, -p.exponent); };
      left_root_ = test::function_of(left_, root);
      right_root_ = test::function_of(right_, root);
    }
    momentum_ = settings_.momentum * momentum_ + g;
    const SlowMatrix direction = left_root_ * momentum_ * right_root_;
    return (norm(t, g) / direction.norm()) * direction;
  }

 private:
  double norm(Index t, const SlowMatrix& g) {
    const auto rows = static_cast<double>(g.rows);
    const auto columns = static_cast<double>(g.columns);
    if (settings_.precondition.graft == "spectral")
      return std::sqrt(std::min(rows, columns) * std::max(1.0, rows / columns));
    if (settings_.precondition.graft == "sgd") return momentum_.norm();
    SlowMatrix step = momentum_;
    const double m = settings_.momentum;
    const double b = settings_.beta2;
    for (std::size_t i = 0; i < step.values.size(); ++i) {
      double& v = variance_.values[i];
      v = b * v + (1 - b) * g.values[i] * g.values[i];
      step.values[i] *= (1 - m) / (1 - std::pow(m, t)) /
                        (std::sqrt(v / (1 - std::pow(b, t))) + settings_.epsilon);
    }
    return step.norm();
  }

  OptimizerSettings settings_;
  SlowMatrix left_;
  SlowMatrix right_;
  SlowMatrix left_root_;
  SlowMatrix right_root_;
  SlowMatrix momentum_;
  SlowMatrix variance_;
};

double difference_of_40_steps(const OptimizerSettings& settings, Index rows, Index columns) {
  const Shampoo shampoo(settings);
  test::BlockTrial trial;
  SlowShampoo slow(settings, rows, columns);
  double worst = 0;
  for (Index t = 1; t <= 40; ++t) {
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns),
                                       static_cast<std::uint64_t>(t));
    const SlowMatrix expected = slow.direction(t, SlowMatrix(rows, columns, values));
    EXPECT_EQ(trial.transform(shampoo, t, Matrix(values.data(), rows, columns)), 0);
    const SlowMatrix difference = expected + -1.0 * SlowMatrix(rows, columns, values);
    worst = std::max(worst, difference.norm() / expected.norm());
  }
  return worst;
}

TEST(Shampoo, directions_of_40_steps_are_those_in_double) {
  for (const std::string& graft : graft_names()) {
    for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 14}, {14, 6}, {9, 9}, {1, 4}})
      EXPECT_LT(difference_of_40_steps(settings_of(graft), rows, columns), 1e-4) << graft;
  }
}

TEST(Shampoo, rounded_factors_change_little) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  OptimizerSettings settings = settings_of("spectral");
  settings.precision = "bf16";
  const double difference = difference_of_40_steps(settings, 14, 6);
  EXPECT_GT(difference, 1e-4);
  EXPECT_LT(difference, 0.02);
}

TEST(Shampoo, a_gradient_of_zeros_is_a_direction_of_zeros) {
  const Shampoo shampoo(settings_of("spectral"));
  test::BlockTrial trial;
  std::vector<float> values(12, 0.0F);
  EXPECT_EQ(trial.transform(shampoo, 1, Matrix(values.data(), 3, 4)), 0);
  EXPECT_EQ(values, std::vector<float>(12, 0.0F));
}

TEST(Shampoo, settings_out_of_range_are_named) {
  const auto refused = [](const std::function<void(PreconditionSettings&)>& change,
                          const std::string& name) {
    OptimizerSettings settings = settings_of("spectral");
    change(settings.precondition);
    test::expect_usage_error(settings, {name});
    settings.name = "soap";
    if (name != "--graft") test::expect_usage_error(settings, {name});
  };
  refused([](PreconditionSettings& s) { s.block = 0; }, "--precondition-block");
  refused([](PreconditionSettings& s) { s.every = 0; }, "--precondition-every");
  refused([](PreconditionSettings& s) { s.statistics_every = -1; }, "--statistics-every");
  refused([](PreconditionSettings& s) { s.statistics_decay = 1; }, "--statistics-decay");
  refused([](PreconditionSettings& s) { s.damping = 0; }, "--precondition-damping");
  refused([](PreconditionSettings& s) { s.exponent = 0; }, "--precondition-exponent");
  refused([](PreconditionSettings& s) { s.graft = "lion"; }, "--graft");
}

}  // namespace
}  // namespace hourglass
