#include "optim/soap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "optim/block_trial.hpp"
#include "optim/slow_matrix.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::SlowMatrix;

OptimizerSettings settings_of() {
  OptimizerSettings settings{.name = "soap", .momentum = 0.8};
  settings.precondition.every = 3;
  settings.precondition.statistics_every = 1;
  settings.precondition.statistics_decay = 0.9;
  return settings;
}

// Gram-Schmidt on the rows: the QR decomposition by the textbook.
SlowMatrix orthonormal(SlowMatrix m) {
  for (Index r = 0; r < m.rows; ++r) {
    for (int pass = 0; pass < 2; ++pass) {
      for (Index s = 0; s < r; ++s) {
        double product = 0;
        for (Index c = 0; c < m.columns; ++c) product += m(r, c) * m(s, c);
        for (Index c = 0; c < m.columns; ++c) m(r, c) -= product * m(s, c);
      }
    }
    double squares = 0;
    for (Index c = 0; c < m.columns; ++c) squares += m(r, c) * m(r, c);
    for (Index c = 0; c < m.columns; ++c) m(r, c) /= std::sqrt(squares);
  }
  return m;
}

// The formulas of soap.hpp in double, with the mean kept in the parameters' own coordinates.
class SlowSoap {
 public:
  SlowSoap(const OptimizerSettings& settings, Index rows, Index columns)
      : settings_(settings),
        left_(rows, rows),
        right_(columns, columns),
        u_(rows, rows),
        v_(columns, columns),
        mean_(rows, columns),
        variance_(rows, columns) {}

  SlowMatrix direction(Index t, const SlowMatrix& g) {
    SlowMatrix result(g.rows, g.columns);
    if (t > 1) result = adam(t, g);
    renew_bases(t, g);
    return result;
  }

 private:
  void renew_bases(Index t, const SlowMatrix& g) {
    const double b = settings_.precondition.statistics_decay;
    left_ = b * left_ + (1 - b) * (g * g.transposed());
    right_ = b * right_ + (1 - b) * (g.transposed() * g);
    if (t == 1) {
      std::vector<double> unused;
      u_ = test::eigenvectors(left_, unused);
      v_ = test::eigenvectors(right_, unused);
    } else if (t % settings_.precondition.every == 0) {
      const std::vector<Index> rows = follow(left_, u_);
      const std::vector<Index> columns = follow(right_, v_);
      const SlowMatrix before = variance_;
      for (Index r = 0; r < variance_.rows; ++r) {
        for (Index c = 0; c < variance_.columns; ++c)
          variance_(r, c) =
              before(rows[static_cast<std::size_t>(r)], columns[static_cast<std::size_t>(c)]);
      }
    }
  }

  SlowMatrix adam(Index t, const SlowMatrix& g) {
    const double b = settings_.precondition.statistics_decay;
    const double m = settings_.momentum;
    const SlowMatrix rotated = u_ * g * v_.transposed();
    mean_ = m * mean_ + (1 - m) * g;
    SlowMatrix step = u_ * mean_ * v_.transposed();
    for (std::size_t i = 0; i < step.values.size(); ++i) {
      double& s = variance_.values[i];
      s = b * s + (1 - b) * rotated.values[i] * rotated.values[i];
      step.values[i] /=
          (1 - std::pow(m, t - 1)) * (std::sqrt(s / (1 - std::pow(b, t - 1))) + settings_.epsilon);
    }
    return u_.transposed() * step * v_;
  }

  static std::vector<Index> follow(const SlowMatrix& statistics, SlowMatrix& basis) {
    const SlowMatrix image = basis * statistics;
    std::vector<double> values(static_cast<std::size_t>(basis.rows), 0.0);
    for (Index r = 0; r < basis.rows; ++r) {
      for (Index c = 0; c < basis.rows; ++c)
        values[static_cast<std::size_t>(r)] += image(r, c) * basis(r, c);
    }
    std::vector<Index> order(values.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::sort(order, std::ranges::greater(),
                      [&](Index i) { return values[static_cast<std::size_t>(i)]; });
    SlowMatrix sorted = image;
    for (Index r = 0; r < basis.rows; ++r) {
      for (Index c = 0; c < basis.rows; ++c)
        sorted(r, c) = image(order[static_cast<std::size_t>(r)], c);
    }
    basis = orthonormal(sorted);
    return order;
  }

  OptimizerSettings settings_;
  SlowMatrix left_;
  SlowMatrix right_;
  SlowMatrix u_;
  SlowMatrix v_;
  SlowMatrix mean_;
  SlowMatrix variance_;
};

// Full-rank statistics from the first step on, so that every basis is unique.
TEST(Soap, directions_of_20_steps_are_those_in_double) {
  constexpr Index n = 7;
  const Soap soap(settings_of());
  test::BlockTrial trial;
  SlowSoap slow(settings_of(), n, n);
  for (Index t = 1; t <= 20; ++t) {
    auto values = test::normal_numbers(n * n, static_cast<std::uint64_t>(t));
    for (Index i = 0; i < n; ++i)
      values[static_cast<std::size_t>(i * (n + 1))] += static_cast<float>(n - i);
    const SlowMatrix expected = slow.direction(t, SlowMatrix(n, n, values));
    EXPECT_EQ(trial.transform(soap, t, Matrix(values.data(), n, n)), 0);
    const SlowMatrix difference = expected + -1.0 * SlowMatrix(n, n, values);
    EXPECT_LE(difference.norm(), 1e-3 * expected.norm()) << "step " << t;
    EXPECT_EQ(expected.norm() == 0, t == 1);
  }
}

// Of a single gradient one side's statistics have no full rank.
TEST(Soap, first_steps_of_any_shape_are_finite) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{5, 5}, {3, 8}}) {
    const Soap soap(settings_of());
    test::BlockTrial trial;
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns), 1);
    auto again = values;
    EXPECT_EQ(trial.transform(soap, 1, Matrix(again.data(), rows, columns)), 0);
    EXPECT_EQ(trial.transform(soap, 2, Matrix(values.data(), rows, columns)), 0);
    for (const float value : values) EXPECT_TRUE(std::isfinite(value));
  }
}

TEST(Soap, bases_stay_when_the_statistics_are_not_finite) {
  const Soap soap(settings_of());
  test::BlockTrial trial;
  std::vector<float> values = test::normal_numbers(12, 1);
  EXPECT_EQ(trial.transform(soap, 1, Matrix(values.data(), 3, 4)), 0);
  const float before = trial.state(4)(0, 0);
  values.assign(12, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(trial.transform(soap, 3, Matrix(values.data(), 3, 4)), 1);
  EXPECT_EQ(trial.state(4)(0, 0), before);
}

}  // namespace
}  // namespace hourglass
