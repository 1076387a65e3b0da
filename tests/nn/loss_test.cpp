#include "nn/loss.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/loss_batch.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using test::Batch;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

struct Combination {
  Loss loss;
  Activation output;
};

std::vector<Combination> combinations() {
  std::vector<Combination> result = {{Loss::bce, Activation::sigmoid}};
  for (const auto& name : activation_names()) {
    for (const Loss loss : {Loss::mse, Loss::huber, Loss::log_cosh, Loss::mae})
      result.push_back({loss, activation_from(name)});
  }
  result.push_back({Loss::poisson, Activation::softplus});
  result.push_back({Loss::poisson, Activation::sigmoid});
  return result;
}

class EveryLoss : public testing::TestWithParam<Combination> {};

INSTANTIATE_TEST_SUITE_P(Nn, EveryLoss, testing::ValuesIn(combinations()),
                         [](const auto& instance) {
                           std::string name = std::string(name_of(instance.param.loss)) + "_" +
                                              std::string(name_of(instance.param.output));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(LossNames, there_and_back) {
  EXPECT_EQ(loss_names(),
            std::vector<std::string>({"mse", "bce", "mae", "huber", "log-cosh", "poisson", "cosine",
                                      "ssim", "mixed", "nb", "zinb"}));
  for (const auto& name : loss_names()) EXPECT_EQ(name_of(loss_from(name)), name);
  EXPECT_THROW((void)loss_from("rmse"), Error);
}

TEST(CheckLoss, cross_entropy_wants_sigmoid) {
  EXPECT_NO_THROW(check_loss(Loss::bce, Activation::sigmoid));
  for (const auto& name : activation_names()) {
    EXPECT_NO_THROW(check_loss(Loss::mse, activation_from(name)));
    if (name == "sigmoid") continue;
    try {
      check_loss(Loss::bce, activation_from(name));
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("--loss"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("--output-activation"), std::string::npos);
    }
  }
}

TEST_P(EveryLoss, equals_reference) {
  const auto [loss, output] = GetParam();
  for (const bool mean : {false, true}) {
    for (const Index features : {1, 15, 16, 17, 40, 511, 512, 513, 1100}) {
      Batch batch(3, features);
      const Batch before = batch;
      const float scale = 0.37F;
      const LossSums sums = loss_and_gradient(loss, output, mean, scale, batch.x, batch.z, batch.g);
      double expected_loss = 0;
      double expected_error = 0;
      const double divisor = mean ? static_cast<double>(features) : 1.0;
      for (std::size_t i = 0; i < before.logits.size(); ++i) {
        const auto z = static_cast<double>(before.logits[i]);
        const auto x = static_cast<double>(before.target[i]);
        const double reconstruction = reference::activation(output, z);
        expected_loss += reference::loss(loss, output, z, x) / divisor;
        expected_error += (reconstruction - x) * (reconstruction - x);
        ASSERT_NEAR(batch.logits[i], reconstruction, 6e-7 * std::fabs(reconstruction));
        const double h = 1e-6;
        const double slope = std::fabs(z) < h ? nan("")
                                              : (reference::loss(loss, output, z + h, x) -
                                                 reference::loss(loss, output, z - h, x)) /
                                                    (2 * h);
        ASSERT_NEAR(batch.gradient[i], 0.37 * slope / divisor,
                    4e-6 * (1 + std::fabs(slope)) / divisor)
            << "z = " << z;
      }
      ASSERT_NEAR(sums.loss, expected_loss, 1e-6 * expected_loss);
      ASSERT_NEAR(sums.squared_error, expected_error, 1e-6 * expected_error);
    }
  }
}

TEST_P(EveryLoss, evaluation_has_the_bits_of_training) {
  const auto [loss, output] = GetParam();
  Batch training(5, 67);
  Batch evaluation(5, 67);
  const LossSums a =
      loss_and_gradient(loss, output, true, 1.0F, training.x, training.z, training.g);
  const LossSums b = loss_and_gradient(loss, output, true, 1.0F, evaluation.x, evaluation.z, {});
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.squared_error, b.squared_error);
  EXPECT_EQ(training.logits, evaluation.logits);
  // And its reconstruction those of the activation alone.
  Batch plain(5, 67);
  activation_forward(output, {}, plain.z, {});
  EXPECT_EQ(plain.logits, evaluation.logits);
}

TEST_P(EveryLoss, strides_and_alignment_do_not_matter) {
  const auto [loss, output] = GetParam();
  Batch dense(4, 83);
  const LossSums expected = loss_and_gradient(loss, output, true, 0.25F, dense.x, dense.z, dense.g);
  for (const Index stride : {84, 91, 96}) {
    Batch strided(4, 83, stride);
    const LossSums sums =
        loss_and_gradient(loss, output, true, 0.25F, strided.x, strided.z, strided.g);
    ASSERT_EQ(sums.loss, expected.loss);
    ASSERT_EQ(sums.squared_error, expected.squared_error);
    for (Index r = 0; r < 4; ++r) {
      for (Index c = 0; c < 83; ++c) {
        ASSERT_EQ(strided.z(r, c), dense.z(r, c));
        ASSERT_EQ(strided.g(r, c), dense.g(r, c));
      }
    }
  }
}

TEST_P(EveryLoss, rows_are_independent_of_each_other) {
  const auto [loss, output] = GetParam();
  Batch all(6, 50);
  Batch alone(6, 50);
  const LossSums together = loss_and_gradient(loss, output, false, 1.0F, all.x, all.z, all.g);
  double sum = 0;
  for (Index r = 0; r < 6; ++r) {
    const auto row = [&](Matrix m) { return Matrix(m.data + r * m.stride, 1, m.columns); };
    sum +=
        loss_and_gradient(loss, output, false, 1.0F, row(alone.x), row(alone.z), row(alone.g)).loss;
  }
  EXPECT_EQ(sum, together.loss);
  EXPECT_EQ(all.gradient, alone.gradient);
}

TEST_P(EveryLoss, nan_anywhere_makes_the_loss_nan) {
  const auto [loss, output] = GetParam();
  for (Index features = 1; features <= 50; ++features) {
    for (const Index position : {Index{0}, features / 2, features - 1}) {
      Batch in_logits(2, features);
      in_logits.z(1, position) = nan_value;
      const LossSums a =
          loss_and_gradient(loss, output, true, 1.0F, in_logits.x, in_logits.z, in_logits.g);
      ASSERT_TRUE(std::isnan(a.loss) && std::isnan(a.squared_error) &&
                  std::isnan(in_logits.g(1, position)));
      Batch in_target(2, features);
      in_target.x(1, position) = nan_value;
      const LossSums b =
          loss_and_gradient(loss, output, true, 1.0F, in_target.x, in_target.z, in_target.g);
      ASSERT_TRUE(std::isnan(b.loss) && std::isnan(b.squared_error));
    }
  }
}

TEST_P(EveryLoss, no_rows_sum_to_zero) {
  const LossSums sums = loss_and_gradient(GetParam().loss, GetParam().output, true, 1.0F,
                                          Matrix(nullptr, 0, 9), Matrix(nullptr, 0, 9), {});
  EXPECT_EQ(sums.loss, 0.0);
  EXPECT_EQ(sums.squared_error, 0.0);
}

TEST(CrossEntropy, stays_finite_for_confident_logits) {
  std::vector<float> z = {1e4F, -1e4F, 1e4F, -1e4F, 100.0F, -100.0F};
  const std::vector<float> x = {1, 0, 0, 1, 0, 1};
  std::vector<float> g(6);
  const LossSums sums =
      loss_and_gradient(Loss::bce, Activation::sigmoid, false, 1.0F, ConstMatrix(x.data(), 1, 6),
                        Matrix(z.data(), 1, 6), Matrix(g.data(), 1, 6));
  EXPECT_DOUBLE_EQ(sums.loss, 20200);
  EXPECT_EQ(g, std::vector<float>({0, 0, 1, -1, 1, -1}));
}

TEST(SquaredError, small_differences_are_not_lost) {
  // A float sum of squares would stop growing: each term is below half a unit in the last place of
  // the first.
  const Index features = 100000;
  std::vector<float> z(static_cast<std::size_t>(features), 1e-3F);
  z[0] = 10.0F;
  const std::vector<float> x(z.size(), 0.0F);
  const LossSums sums =
      loss_and_gradient(Loss::mse, Activation::linear, false, 1.0F,
                        ConstMatrix(x.data(), 1, features), Matrix(z.data(), 1, features), {});
  EXPECT_NEAR(sums.loss, 100 + 99999 * std::pow(static_cast<double>(1e-3F), 2), 1e-9);
}

TEST(Loss, refuses_shapes_that_disagree) {
  Batch batch(2, 6);
  EXPECT_THROW((void)loss_and_gradient(Loss::mse, Activation::linear, true, 1,
                                       batch.x.first_rows(1), batch.z, batch.g),
               Error);
  EXPECT_THROW((void)loss_and_gradient(Loss::mse, Activation::linear, true, 1, batch.x, batch.z,
                                       batch.g.first_rows(1)),
               Error);
}

TEST_P(EveryLoss, weights_multiply_terms_and_gradients) {
  const auto [loss, output] = GetParam();
  constexpr Index features = 530;
  std::mt19937 random(3);
  std::uniform_real_distribution<float> unit(0, 2);
  std::vector<float> weights(3 * features);
  for (float& weight : weights) weight = unit(random);
  weights[7] = 0;
  Batch plain(3, features);
  Batch weighted(3, features);
  const Batch before = plain;
  LossOptions options;
  options.weights = ConstMatrix(weights.data(), 3, features);
  loss_and_gradient(loss, output, false, 1.0F, plain.x, plain.z, plain.g);
  const LossSums sums =
      loss_and_gradient(loss, output, false, 1.0F, weighted.x, weighted.z, weighted.g, options);
  double expected = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double term = reference::loss(loss, output, static_cast<double>(before.logits[i]),
                                        static_cast<double>(before.target[i]));
    expected += static_cast<double>(weights[i]) * term;
    ASSERT_NEAR(weighted.gradient[i], weights[i] * plain.gradient[i],
                1e-6 * std::fabs(plain.gradient[i]) + 1e-9);
  }
  EXPECT_NEAR(sums.loss, expected, 2e-6 * expected);
}

TEST(CheckLoss, poisson_wants_positive_outputs) {
  EXPECT_NO_THROW(check_loss(Loss::poisson, Activation::softplus));
  EXPECT_THROW(check_loss(Loss::poisson, Activation::tanh), Error);
}

}  // namespace
}  // namespace hourglass
