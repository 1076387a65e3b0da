#include "nn/count_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/loss.hpp"

namespace hourglass {
namespace {

constexpr CountDistribution all[] = {CountDistribution::poisson, CountDistribution::nb,
                                     CountDistribution::zinb};

// The obvious formulas, in double, from the logits.
double reference(CountDistribution distribution, double x, double size, double z, double t,
                 double q) {
  const auto bounded = [](double value, float least, float greatest) {
    return std::min(std::max(value, static_cast<double>(least)), static_cast<double>(greatest));
  };
  const double m = bounded(std::exp(z), least_mean, greatest_mean) * size;
  const double factorial = std::lgamma(x + 1);
  if (distribution == CountDistribution::poisson)
    return m == 0 ? 0 : m - x * std::log(m) + factorial;
  const double r = bounded(std::log1p(std::exp(t)), least_dispersion, greatest_dispersion);
  double loss = r * std::log1p(m / r);
  if (x > 0) loss += x * std::log1p(r / m) - std::lgamma(x + r) + std::lgamma(r) + factorial;
  if (distribution == CountDistribution::nb) return loss;
  const double pi = 1 / (1 + std::exp(-q));
  if (x == 0) {
    // From what is left of 1 where that is little, else from logarithms.
    const double rest = -(1 - pi) * std::expm1(-loss);
    if (rest < 0.5) return -std::log1p(-rest);
    const double dropout = -std::log1p(std::exp(-q));
    const double counted = -std::log1p(std::exp(q)) - loss;
    return -std::max(dropout, counted) - std::log1p(std::exp(-std::fabs(dropout - counted)));
  }
  return loss + std::log1p(std::exp(q));
}

// A row of logits and counts over the whole range that is promised.
struct Row {
  explicit Row(CountDistribution distribution_, Index features_, unsigned seed = 1)
      : distribution(distribution_),
        features(features_),
        target(static_cast<std::size_t>(features)),
        values(static_cast<std::size_t>(features * logits_per_feature(distribution))),
        gradient(values.size()) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> unit(0, 1);
    for (float& x : target) {
      const float kind = unit(engine);
      x = kind < 0.5F ? 0.0F : std::floor(std::exp(13.8F * unit(engine) * unit(engine)));
    }
    const auto n = static_cast<std::size_t>(features);
    for (std::size_t c = 0; c < n; ++c) {
      // Near the count half of the time, where the large terms cancel.
      values[c] = unit(engine) < 0.5F ? std::log(target[c] + 0.5F) + 0.2F * unit(engine)
                                      : -11.0F + 24.5F * unit(engine);
      if (values.size() > n) values[n + c] = -9.0F + 20.0F * unit(engine);
      if (values.size() > 2 * n) values[2 * n + c] = -15.0F + 30.0F * unit(engine);
    }
    logits = values;
  }
  CountTerms run(float size = 1, const float* weights = nullptr, bool slopes = true) {
    return count_loss(distribution, 1.0F, size, target.data(), weights, values.data(),
                      slopes ? gradient.data() : nullptr, features);
  }
  [[nodiscard]] double logit(std::size_t head, std::size_t c) const {
    const std::size_t at = head * static_cast<std::size_t>(features) + c;
    return at < logits.size() ? static_cast<double>(logits[at]) : 0.0;
  }
  [[nodiscard]] double expected(std::size_t c, double size, double dz = 0, double dt = 0,
                                double dq = 0) const {
    return reference(distribution, static_cast<double>(target[c]), size, logit(0, c) + dz,
                     logit(1, c) + dt, logit(2, c) + dq);
  }

  CountDistribution distribution;
  Index features;
  std::vector<float> target;
  std::vector<float> values;
  std::vector<float> logits;
  std::vector<float> gradient;
};

TEST(CountLoss, equals_the_reference_in_double) {
  for (const auto distribution : all) {
    for (const float size : {1.0F, 0.013F, 7.5F}) {
      // One feature at a time: the relative error of every term.
      for (unsigned seed = 0; seed < 1500; ++seed) {
        Row row(distribution, 1, seed);
        const double loss = row.run(size).loss;
        const double expected = row.expected(0, static_cast<double>(size));
        ASSERT_NEAR(loss, expected, 1e-5 * std::fabs(expected) + 1e-12)
            << "x " << row.target[0] << " z " << row.logits[0] << " t " << row.logit(1, 0) << " q "
            << row.logit(2, 0) << " s " << size;
        const double mean = std::exp(static_cast<double>(row.logits[0]));
        if (mean < 1e6 && mean > 1e-5) {
          ASSERT_NEAR(row.values[0], mean * static_cast<double>(size), 1e-6 * mean * size);
        }
      }
    }
  }
}

// -scipy.stats.nbinom.logpmf(x, r, r / (r + m)) and -scipy.stats.poisson.logpmf(x, m).
TEST(CountLoss, equals_scipy) {
  struct Value {
    float x;
    double m;
    double r;
    double nb;
    double poisson;
  };
  for (const Value& v : {Value{0, 1.5, 2.0, 1.1192315758708453, 1.5},
                         Value{3, 1.5, 2.0, 2.2748307959125653, 2.0753641449035616},
                         Value{1, 2e-5, 1e-3, 10.839600714333756, 10.819798284410282},
                         Value{1000000, 9e5, 50, 13.067643573696515, 5368.342351719737},
                         Value{1000000, 9.99999e5, 5e3, 10.478362931610718, 7.826693896204233},
                         Value{17, 0.25, 5e3, 57.2957511889046, 57.32207758917503},
                         Value{0, 9.99999e5, 1e-3, 0.02072326583794641, 1e6},
                         Value{250, 300, 0.7, 6.744330867979569, 8.099613126802751}}) {
    float values[2] = {static_cast<float>(std::log(v.m)),
                       static_cast<float>(v.r > 30 ? v.r : std::log(std::expm1(v.r)))};
    // The logarithm of a mean of 1e6 is known to 1e-6 in single precision: the mean to one.
    const double tolerance = v.m > 1e5 && v.r > 1e3 ? 1e-4 : 1e-5;
    EXPECT_NEAR(count_loss(CountDistribution::nb, 1, 1, &v.x, nullptr, values, nullptr, 1).loss,
                v.nb, tolerance * v.nb);
    values[0] = static_cast<float>(std::log(v.m));
    EXPECT_NEAR(
        count_loss(CountDistribution::poisson, 1, 1, &v.x, nullptr, values, nullptr, 1).loss,
        v.poisson, tolerance * v.poisson);
  }
}

TEST(CountLoss, gradient_is_that_of_finite_differences) {
  for (const auto distribution : all) {
    Row row(distribution, 3000, 5);
    const float size = 1.7F;
    row.run(size);
    const auto n = static_cast<std::size_t>(row.features);
    for (std::size_t c = 0; c < n; ++c) {
      for (std::size_t head = 0; head * n < row.values.size(); ++head) {
        const double z = row.logit(head, c);
        const double h = 1e-5 * (1 + std::fabs(z));
        // Where the bounds are, the gradient is one-sided.
        if (head == 0 && (z < -11.4 || z > 13.7)) continue;
        if (head == 1 && (z < -9.1 || z > 9990)) continue;
        const auto at = [&](double d) {
          return row.expected(c, static_cast<double>(size), head == 0 ? d : 0, head == 1 ? d : 0,
                              head == 2 ? d : 0);
        };
        const double expected = (at(h) - at(-h)) / (2 * h);
        // The reference is a difference of logarithms of about x ln x.
        const double x = static_cast<double>(row.target[c]);
        const double noise = 4e-16 * x * std::log(x + 2) / h;
        const double scale = std::fabs(expected) + 1e-6 * (1 + std::fabs(at(0)));
        ASSERT_NEAR(row.gradient[head * n + c], expected, 2e-4 * scale + noise + 1e-7)
            << "x " << row.target[c] << " head " << head << " z " << row.logit(0, c) << " t "
            << row.logit(1, c) << " q " << row.logit(2, c);
      }
    }
  }
}

// Also where means are at their bounds, and with weights.
TEST(CountLoss, gradient_of_the_size_factor_is_that_of_finite_differences) {
  for (const auto distribution : all) {
    Row row(distribution, 600, 9);
    const std::vector<float> weights(600, 0.25F);
    for (const double size : {0.4, 1.7}) {
      row.values = row.logits;
      float found = 0;
      count_loss(distribution, 2, static_cast<float>(size), row.target.data(), weights.data(),
                 row.values.data(), nullptr, row.features, &found);
      const double h = 1e-5;
      double expected = 0;
      double magnitude = 0;
      for (std::size_t c = 0; c < weights.size(); ++c) {
        const double slope =
            (row.expected(c, size * std::exp(h)) - row.expected(c, size * std::exp(-h))) / (2 * h);
        expected += 2 * 0.25 * slope;
        magnitude += std::fabs(slope);
      }
      EXPECT_NEAR(found, expected, 1e-5 * magnitude);
    }
  }
}

TEST(CountLoss, evaluation_has_the_bits_of_training) {
  for (const auto distribution : all) {
    for (const Index features : {1, 15, 512, 513, 1100}) {
      Row training(distribution, features);
      Row evaluation(distribution, features);
      EXPECT_EQ(training.run(0.5F).loss, evaluation.run(0.5F, nullptr, false).loss);
      EXPECT_EQ(training.values, evaluation.values);
      std::vector<float> means = training.logits;
      count_means(0.5F, means.data(), features);
      means.resize(static_cast<std::size_t>(features));
      training.values.resize(means.size());
      EXPECT_EQ(training.values, means);
    }
  }
}

// A feature's terms do not depend on where it stands in a vector or a block.
TEST(CountLoss, place_does_not_matter) {
  for (const auto distribution : all) {
    Row row(distribution, 1030);
    row.run();
    const auto n = static_cast<std::size_t>(row.features);
    for (const std::size_t c : {std::size_t{0}, std::size_t{7}, std::size_t{511}, n - 1}) {
      Row alone(distribution, 1);
      alone.target[0] = row.target[c];
      for (std::size_t head = 0; head < alone.values.size(); ++head)
        alone.values[head] = row.logits[head * n + c];
      alone.run();
      for (std::size_t head = 0; head < alone.values.size(); ++head)
        EXPECT_EQ(alone.gradient[head], row.gradient[head * n + c]);
    }
  }
}

TEST(CountLoss, weights_are_factors_of_terms) {
  for (const auto distribution : all) {
    Row plain(distribution, 40);
    Row weighted(distribution, 40);
    const std::vector<float> weights(40, 0.25F);
    EXPECT_NEAR(weighted.run(1, weights.data()).loss, 0.25 * plain.run().loss, 1e-6);
    for (std::size_t i = 0; i < plain.gradient.size(); ++i)
      EXPECT_FLOAT_EQ(weighted.gradient[i], 0.25F * plain.gradient[i]);
  }
}

TEST(CountLoss, sample_without_counts_teaches_nothing) {
  for (const auto distribution : all) {
    Row row(distribution, 600);
    std::ranges::fill(row.target, 0.0F);
    const CountTerms terms = row.run(0);
    EXPECT_EQ(terms.loss, 0);
    EXPECT_EQ(terms.squared_error, 0);
    for (const float slope : row.gradient) EXPECT_EQ(slope, 0.0F);
  }
}

TEST(CountLoss, extreme_logits_are_bounded) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const auto distribution : all) {
    for (const float x : {0.0F, 1.0F, 1e6F}) {
      for (const float z : {-infinity, -1e30F, -100.0F, 100.0F, 1e30F, infinity}) {
        for (const float t : {-1e30F, -50.0F, 50.0F, 1e30F}) {
          for (const float q : {-1e4F, -90.0F, 90.0F, 1e4F}) {
            float values[3] = {z, t, q};
            float gradient[3] = {};
            const CountTerms terms =
                count_loss(distribution, 1, 1, &x, nullptr, values, gradient, 1);
            ASSERT_TRUE(std::isfinite(terms.loss)) << x << " " << z << " " << t << " " << q;
            for (const float slope : gradient) ASSERT_TRUE(std::isfinite(slope));
            // A mean that is too small by far is led back, and not further out.
            if (x == 1 && z < 0) {
              ASSERT_LT(gradient[0], 0);
            }
            if (x == 0 && z < 0) {
              ASSERT_EQ(gradient[0], 0);
            }
          }
        }
      }
    }
  }
}

TEST(CountLoss, not_a_number_propagates) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto distribution : all) {
    for (Index head = 0; head < logits_per_feature(distribution); ++head) {
      for (const float x : {0.0F, 2.0F}) {
        float values[3] = {0, 0, 0};
        values[head] = nan;
        EXPECT_TRUE(
            std::isnan(count_loss(distribution, 1, 1, &x, nullptr, values, nullptr, 1).loss));
      }
    }
  }
}

TEST(CountLoss, names) {
  EXPECT_EQ(dispersion_names(), std::vector<std::string>({"gene", "gene-cell"}));
  for (const auto& name : dispersion_names()) EXPECT_EQ(name_of(dispersion_from(name)), name);
  EXPECT_THROW((void)dispersion_from("cell"), Error);
}

}  // namespace
}  // namespace hourglass
