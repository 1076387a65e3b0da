#include "optim/kfac.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

// The formulas of kfac.hpp in double; size of the step: that of the momentum.
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
    momentum_ = settings_.momentum * momentum_ + g;
    const SlowMatrix direction = left_inverse_ * momentum_ * right_inverse_;
    return (momentum_.norm() / direction.norm()) * direction;
  }

 private:
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
  SlowKfac slow(settings, rows, columns);
  double worst = 0;
  for (Index t = 1; t <= 20; ++t) {
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns),
                                       static_cast<std::uint64_t>(t));
    const SlowMatrix expected = slow.direction(t, SlowMatrix(rows, columns, values));
    EXPECT_EQ(trial.transform(kfac, t, Matrix(values.data(), rows, columns)), 0);
    const SlowMatrix difference = expected + -1.0 * SlowMatrix(rows, columns, values);
    worst = std::max(worst, difference.norm() / expected.norm());
  }
  return worst;
}

TEST(Kfac, directions_of_20_steps_are_those_in_double) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 14}, {14, 6}, {9, 9}, {1, 4}})
    EXPECT_LT(difference_of_20_steps(settings_of("sgd"), rows, columns), 1e-4);
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
