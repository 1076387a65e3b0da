#include "nn/mixed_loss.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "nn/loss.hpp"

namespace hourglass {
namespace {

using Kind = OutputGroup::Kind;

const std::vector<OutputGroup> groups = {{Kind::linear, {0, 3}, 3, 1},
                                         {Kind::softmax, {3, 7}, 1, 2},
                                         {Kind::sigmoid, {7, 9}, 2, 0.5F},
                                         {Kind::softmax, {9, 10}, 1, 1},
                                         {Kind::linear, {10, 11}, 1, 3}};
constexpr std::size_t features = 11;

struct Sample {
  std::vector<float> target;
  std::vector<float> logits;
  std::vector<float> weights;
};

Sample random_sample(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 2);
  Sample sample;
  for (std::size_t c = 0; c < features; ++c) {
    sample.target.push_back(normal(random));
    sample.logits.push_back(normal(random));
    sample.weights.push_back(std::fabs(normal(random)));
  }
  for (const OutputGroup& group : groups) {
    if (group.kind == Kind::linear) continue;
    for (Index c = group.features.begin; c < group.features.end; ++c)
      sample.target[static_cast<std::size_t>(c)] = 0;
    if (seed % 4 == 0) continue;  // unknown categories
    const auto chosen = static_cast<std::size_t>(
        group.features.begin +
        static_cast<Index>(random() % static_cast<unsigned>(group.features.size())));
    sample.target[chosen] = 1;
  }
  return sample;
}

// In double, by the formulas as they stand.
double reference(const Sample& sample, const std::vector<double>& z, bool weighted) {
  double loss = 0;
  for (const OutputGroup& group : groups) {
    double terms = 0;
    double sum = 0;
    for (Index i = group.features.begin; i < group.features.end; ++i)
      sum += std::exp(z[static_cast<std::size_t>(i)]);
    for (Index i = group.features.begin; i < group.features.end; ++i) {
      const auto c = static_cast<std::size_t>(i);
      const double x = sample.target[c];
      const double w = weighted ? sample.weights[c] : 1;
      if (group.kind == Kind::linear) {
        terms += w * (z[c] - x) * (z[c] - x);
      } else if (group.kind == Kind::sigmoid) {
        const double p = 1 / (1 + std::exp(-z[c]));
        terms -= w * (x * std::log(p) + (1 - x) * std::log(1 - p));
      } else {
        terms -= w * x * std::log(std::exp(z[c]) / sum);
      }
    }
    loss += group.weight * terms;
  }
  return loss;
}

TEST(MixedLoss, equals_reference_and_its_finite_differences) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    for (const bool weighted : {false, true}) {
      const Sample sample = random_sample(seed);
      std::vector<float> values = sample.logits;
      std::vector<float> gradient(features);
      const double loss =
          mixed_loss(groups, 0.7F, sample.target.data(), weighted ? sample.weights.data() : nullptr,
                     values.data(), gradient.data());
      std::vector<double> z(sample.logits.begin(), sample.logits.end());
      const double expected = reference(sample, z, weighted);
      EXPECT_NEAR(loss, expected, 2e-6 * (1 + expected));
      for (std::size_t c = 0; c < features; ++c) {
        const double h = 1e-5;
        std::vector<double> above = z;
        std::vector<double> below = z;
        above[c] += h;
        below[c] -= h;
        const double slope =
            (reference(sample, above, weighted) - reference(sample, below, weighted)) / (2 * h);
        EXPECT_NEAR(gradient[c], 0.7 * slope, 1e-5 * (1 + std::fabs(slope))) << c;
      }
      std::vector<float> outputs = sample.logits;
      mixed_outputs(groups, outputs.data());
      EXPECT_EQ(outputs, values);
      EXPECT_NEAR(values[3] + values[4] + values[5] + values[6], 1, 1e-6);
      EXPECT_EQ(values[9], 1);
    }
  }
}

TEST(MixedLoss, large_logits_neither_overflow_nor_vanish) {
  Sample sample = random_sample(1);
  std::ranges::fill(sample.target, 0.0F);
  sample.target[3] = 1;
  sample.logits = {0, 0, 0, -1000, 1000, 999, -1e30F, 500, -500, 1e38F, 0};
  std::vector<float> gradient(features);
  const double loss =
      mixed_loss(groups, 1, sample.target.data(), nullptr, sample.logits.data(), gradient.data());
  EXPECT_NEAR(loss, 2 * (2000 + std::log1p(std::exp(-1.0))) + 0.5 * 500, 1e-3);
  for (const float g : gradient) EXPECT_TRUE(std::isfinite(g));
  EXPECT_EQ(gradient[3], -2);
  for (const float value : sample.logits) EXPECT_TRUE(std::isfinite(value));
}

TEST(MixedLoss, a_logit_that_is_not_a_number_is_not_hidden) {
  for (const std::size_t c : {std::size_t{0}, std::size_t{4}, std::size_t{7}}) {
    Sample sample = random_sample(1);
    sample.logits[c] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> gradient(features);
    EXPECT_TRUE(std::isnan(mixed_loss(groups, 1, sample.target.data(), nullptr,
                                      sample.logits.data(), gradient.data())))
        << c;
  }
}

TEST(MixedLoss, unknown_categories_and_weights_of_zero_teach_nothing) {
  const Sample sample = random_sample(4);
  std::vector<float> values = sample.logits;
  std::vector<float> gradient(features, 1.0F);
  const std::vector<OutputGroup> category = {{Kind::softmax, {0, 4}, 1, 1}};
  const std::vector<float> none(4, 0.0F);
  EXPECT_EQ(mixed_loss(category, 1, none.data(), nullptr, values.data(), gradient.data()), 0);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(gradient[c], 0);
  const std::vector<float> one = {0, 1, 0, 0};
  values = sample.logits;
  EXPECT_EQ(mixed_loss(category, 1, one.data(), none.data(), values.data(), gradient.data()), 0);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(gradient[c], 0);
}

TEST(MixedLoss, mean_is_over_the_columns) {
  EXPECT_EQ(column_count(groups), 8);
  const Sample sample = random_sample(3);
  LossOptions options;
  options.groups = groups;
  std::vector<float> sum_gradient(features);
  std::vector<float> mean_gradient(features);
  const auto run = [&](bool mean, std::vector<float>& gradient) {
    std::vector<float> values = sample.logits;
    return loss_and_gradient(
        Loss::mixed, Activation::linear, mean, 1.0F, {sample.target.data(), 1, features, features},
        {values.data(), 1, features, features}, {gradient.data(), 1, features, features}, options);
  };
  const LossSums sum = run(false, sum_gradient);
  const LossSums mean = run(true, mean_gradient);
  EXPECT_DOUBLE_EQ(sum.loss / 8, mean.loss);
  EXPECT_EQ(sum.squared_error, mean.squared_error);
  for (std::size_t c = 0; c < features; ++c)
    EXPECT_NEAR(mean_gradient[c], sum_gradient[c] / 8, 1e-6F * std::fabs(sum_gradient[c]));
}

}  // namespace
}  // namespace hourglass
