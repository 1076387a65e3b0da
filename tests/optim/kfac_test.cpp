#include "optim/kfac.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "hourglass/core/error.hpp"
#include "math/onednn.hpp"
#include "optim/block_trial.hpp"
#include "optim/slow_matrix.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::SlowMatrix;

OptimizerSettings settings_of(const std::string& graft) {
  OptimizerSettings settings{.name = "kfac", .momentum = 0.9};
  settings.precondition.every = 3;
  settings.precondition.statistics_every = 2;
  settings.precondition.statistics_decay = 0.8;
  settings.precondition.kfac_damping = 0.03;
  settings.precondition.graft = graft;
  return settings;
}

constexpr double model_scale = 0.7;

// The formulas of kfac.hpp in double; size of the step: that of the momentum. With the momentum of
// the quadratic model its scale is 0.7, and W is 0.
class SlowKfac {
 public:
  SlowKfac(const OptimizerSettings& settings, Index rows, Index columns)
      : settings_(settings),
        left_(rows, rows),
        right_(columns, columns),
        left_inverse_(rows, rows),
        right_inverse_(columns, columns),
        momentum_(rows, columns) {}

  SlowMatrix direction(Index t, const SlowMatrix& g) {
    const PreconditionSettings& p = settings_.precondition;
    if ((t - 1) % p.statistics_every == 0) {
      const auto follow = [&](SlowMatrix& mean, Index item) {
        const Buffer<float> sums = test::BlockTrial::factor(mean.rows, item);
        const SlowMatrix now(mean.rows, mean.rows, {sums.span().begin(), sums.span().end()});
        const double kept = std::pow(p.statistics_decay, p.statistics_every);
        mean = kept * mean + (1 - kept) * now;
      };
      follow(left_, t);
      follow(right_, t + 1000);
    }
    if (t == 1 || t % p.every == 0) {
      left_inverse_ = inverse(left_);
      right_inverse_ = inverse(right_);
    }
    if (p.kfac_momentum == "quadratic") return model_direction(t, g);
    momentum_ = settings_.momentum * momentum_ + g;
    const SlowMatrix direction = left_inverse_ * momentum_ * right_inverse_;
    return (momentum_.norm() / direction.norm()) * direction;
  }

  [[nodiscard]] double curvature(Index t, const SlowMatrix& x, const SlowMatrix& y) const {
    const double size = mean(left_) * mean(right_);
    const Index n = settings_.precondition.statistics_every;
    const double forgotten = std::pow(settings_.precondition.statistics_decay, (t + n - 1) / n * n);
    const double d = settings_.precondition.kfac_damping;
    return inner(y, left_ * x * right_ + (d * d * size) * x) / std::pow(1 - forgotten, 2);
  }

 private:
  static double mean(const SlowMatrix& m) {
    double sum = 0;
    for (Index i = 0; i < m.rows; ++i) sum += m(i, i) / static_cast<double>(m.rows);
    return sum;
  }
  static double inner(const SlowMatrix& a, const SlowMatrix& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
    return sum;
  }
  SlowMatrix model_direction(Index t, const SlowMatrix& g) {
    const SlowMatrix direction =
        (1 / (mean(left_) * mean(right_))) * (left_inverse_ * g * right_inverse_);
    const auto bend = [&](const SlowMatrix& x, const SlowMatrix& y) {
      return model_scale * curvature(t, x, y) + settings_.weight_decay * inner(x, y);
    };
    const double a = bend(direction, direction);
    const double b = bend(direction, momentum_);
    const double c = bend(momentum_, momentum_);
    const double slope = inner(g, direction);
    const double last_slope = inner(g, momentum_);
    // Cramer's rule.
    const double alpha = t == 1 ? slope / a : (c * slope - b * last_slope) / (a * c - b * b);
    const double mu = t == 1 ? 0 : (a * last_slope - b * slope) / (a * c - b * b);
    momentum_ = alpha * direction + mu * momentum_;
    return (1 / 0.03) * momentum_;
  }
  [[nodiscard]] SlowMatrix inverse(const SlowMatrix& m) const {
    std::vector<double> values;
    static_cast<void>(test::eigenvectors(m, values));
    double mean = 0;
    for (const double value : values) mean += value / static_cast<double>(m.rows);
    return test::function_of(m, [&](double value) {
      return 1 / (value * values.front() / mean + settings_.precondition.kfac_damping);
    });
  }

  OptimizerSettings settings_;
  SlowMatrix left_;
  SlowMatrix right_;
  SlowMatrix left_inverse_;
  SlowMatrix right_inverse_;
  SlowMatrix momentum_;
};

double difference_of_20_steps(const OptimizerSettings& settings, Index rows, Index columns) {
  const Kfac kfac(settings);
  test::BlockTrial trial;
  trial.model.scale = model_scale;
  SlowKfac slow(settings, rows, columns);
  double worst = 0;
  for (Index t = 1; t <= 20; ++t) {
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns),
                                       static_cast<std::uint64_t>(t));
    const SlowMatrix expected = slow.direction(t, SlowMatrix(rows, columns, values));
    EXPECT_EQ(trial.transform(kfac, t, Matrix(values.data(), rows, columns)), 0);
    const SlowMatrix difference = expected + -1.0 * SlowMatrix(rows, columns, values);
    worst = std::max(worst, difference.norm() / expected.norm());
    if (!kfac.has_model()) continue;
    const double curvature = slow.curvature(t, expected, expected);
    const auto change = Matrix(values.data(), rows, columns);
    EXPECT_NEAR(trial.curvature(kfac, t, settings.precondition.kfac_damping, change), curvature,
                1e-3 * curvature);
  }
  return worst;
}

TEST(Kfac, directions_of_20_steps_are_those_in_double) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 14}, {14, 6}, {9, 9}, {1, 4}})
    EXPECT_LT(difference_of_20_steps(settings_of("sgd"), rows, columns), 1e-4);
}

TEST(Kfac, directions_of_the_quadratic_model_are_those_in_double) {
  OptimizerSettings settings = settings_of("sgd");
  settings.precondition.kfac_momentum = "quadratic";
  settings.weight_decay = 0.2;
  for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 14}, {14, 6}, {9, 9}})
    EXPECT_LT(difference_of_20_steps(settings, rows, columns), 1e-3);
}

TEST(Kfac, damping_of_a_step_goes_before_the_setting) {
  OptimizerSettings adaptive = settings_of("sgd");
  adaptive.precondition.kfac_damping_rule = "adaptive";
  OptimizerSettings constant = settings_of("sgd");
  constant.precondition.kfac_damping = 2;
  const auto direction = [](const OptimizerSettings& settings, double damping) {
    test::BlockTrial trial;
    trial.model.damping = damping;
    auto values = test::normal_numbers(12, 1);
    EXPECT_EQ(trial.transform(Kfac(settings), 1, Matrix(values.data(), 3, 4)), 0);
    return values;
  };
  EXPECT_EQ(direction(adaptive, 2), direction(constant, 0));
  EXPECT_NE(direction(adaptive, 0.5), direction(constant, 0));
  EXPECT_EQ(direction(adaptive, 0), direction(settings_of("sgd"), 0));
}

TEST(Kfac, what_the_model_decides_is_not_kept_or_computed_otherwise) {
  OptimizerSettings settings = settings_of("adam");
  settings.weight_decay = 0.1;
  EXPECT_FALSE(Kfac(settings).has_model());
  EXPECT_EQ(Kfac(settings).weight_decay(), 0);
  settings.precondition.kfac_momentum = "quadratic";
  EXPECT_TRUE(Kfac(settings).combines());
  EXPECT_EQ(Kfac(settings).weight_decay(), 0.1);
  EXPECT_EQ(Kfac(settings).states(3, 4).size(), 5U);
  // No gradient, no step.
  test::BlockTrial trial;
  std::vector<float> zeros(12);
  EXPECT_EQ(trial.transform(Kfac(settings), 1, Matrix(zeros.data(), 3, 4)), 0);
  EXPECT_EQ(zeros, std::vector<float>(12));
}

TEST(Kfac, settings_out_of_range_are_named) {
  const auto expect_refused = [](auto change, const std::string& words) {
    OptimizerSettings settings = settings_of("sgd");
    change(settings.precondition);
    try {
      const Kfac kfac(settings);
      ADD_FAILURE() << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  using Settings = PreconditionSettings;
  expect_refused([](Settings& s) { s.kfac_damping_rule = "x"; }, "--kfac-damping-rule");
  expect_refused([](Settings& s) { s.kfac_momentum = "x"; }, "--kfac-momentum");
  expect_refused(
      [](Settings& s) {
        s.kfac_damping_rule = "adaptive";
        s.kfac_damping = 1e-3;
      },
      "--kfac-damping is 0.001; with --kfac-damping-rule adaptive it must be from 0.01 to 100");
}

TEST(Kfac, rounded_factors_change_little) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  OptimizerSettings settings = settings_of("sgd");
  settings.precision = "bf16";
  const double difference = difference_of_20_steps(settings, 14, 6);
  EXPECT_GT(difference, 1e-4);
  EXPECT_LT(difference, 0.03);
}

TEST(Kfac, grafted_steps_have_the_size_of_their_rule) {
  const Kfac kfac(settings_of("spectral"));
  test::BlockTrial trial;
  auto values = test::normal_numbers(12, 1);
  const Matrix block(values.data(), 3, 4);
  EXPECT_EQ(trial.transform(kfac, 1, block), 0);
  EXPECT_NEAR(SlowMatrix(3, 4, values).norm(), std::sqrt(3.0), 1e-5);
  EXPECT_EQ(kfac.states(3, 4).size(), 5U);
  EXPECT_EQ(Kfac(settings_of("adam")).states(3, 4).back().name, "graft_variance");
  std::vector<float> zeros(12);
  test::BlockTrial of_zeros;
  EXPECT_EQ(of_zeros.transform(kfac, 1, Matrix(zeros.data(), 3, 4)), 0);
  EXPECT_EQ(zeros, std::vector<float>(12));
}

}  // namespace
}  // namespace hourglass
