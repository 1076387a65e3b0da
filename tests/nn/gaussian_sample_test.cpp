#include "nn/gaussian_sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 5;
constexpr Index width = 6;

struct Trial {
  explicit Trial(std::uint64_t seed = 3, std::uint32_t epoch = 2) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 1);
    for (float& value : x) value = normal(random);
    for (float& value : dy) value = normal(random);
    context.training = true;
    context.seed = seed;
    context.epoch = epoch;
    context.sample_ids = ids;
  }
  void forward() {
    layer.forward(nullptr, ConstMatrix(x.data(), rows, 2 * width), Matrix(y.data(), rows, width),
                  scratch, context);
  }
  void backward() {
    layer.backward(nullptr, ConstMatrix(x.data(), rows, 2 * width), {},
                   Matrix(dy.data(), rows, width), Matrix(dx.data(), rows, 2 * width), nullptr,
                   scratch, context);
  }
  /// The layer's standard normal numbers: its output for mean 0 and variance 1.
  std::vector<float> noise() {
    Trial other(context.seed, context.epoch);
    std::ranges::fill(other.x, 0.0F);
    other.forward();
    return other.y;
  }

  GaussianSample layer{width};
  std::vector<std::uint64_t> ids = {10, 3, 77, 4, 1};
  PassContext context;
  std::vector<float> x = std::vector<float>(rows * 2 * width);
  std::vector<float> y = std::vector<float>(rows * width);
  std::vector<float> dy = std::vector<float>(rows * width);
  std::vector<float> dx = std::vector<float>(rows * 2 * width);
  std::vector<float> scratch = std::vector<float>(rows * width);
};

// y = mu + exp(ln sigma^2 / 2) e of one element.
double sample(double mean, double log_variance, double noise) {
  return mean + std::exp(log_variance / 2) * noise;
}

TEST(GaussianSample, forward_and_backward_are_those_of_the_definition) {
  Trial trial;
  trial.forward();
  trial.backward();
  const auto noise = trial.noise();
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      const double e = noise[r * width + c];
      const double mean = trial.x[r * 2 * width + c];
      const double log_variance = trial.x[r * 2 * width + width + c];
      const double dy = trial.dy[r * width + c];
      EXPECT_NEAR(trial.y[r * width + c], sample(mean, log_variance, e), 1e-5);
      EXPECT_FLOAT_EQ(trial.dx[r * 2 * width + c], trial.dy[r * width + c]);
      const double h = 1e-5;
      const double slope =
          (sample(mean, log_variance + h, e) - sample(mean, log_variance - h, e)) / (2 * h);
      EXPECT_NEAR(trial.dx[r * 2 * width + width + c], dy * slope, 1e-5);
    }
  }
}

TEST(GaussianSample, log_variances_are_bounded) {
  Trial trial;
  const auto noise = trial.noise();
  trial.x[width] = 1e30F;       // of row 0, unit 0
  trial.x[width + 1] = -1e30F;  // unit 1
  trial.x[width + 2] = highest_log_variance;
  trial.forward();
  trial.backward();
  EXPECT_NEAR(trial.y[0], trial.x[0] + std::exp(10.0F) * noise[0], 0.01);
  EXPECT_NEAR(trial.y[1], trial.x[1], 1e-3);
  EXPECT_EQ(trial.dx[width], 0);
  EXPECT_EQ(trial.dx[width + 1], 0);
  EXPECT_NE(trial.dx[width + 2], 0) << "the bound itself is inside";
  EXPECT_TRUE(std::isnan(bounded_log_variance(std::nanf("")))) << "it must be found";
}

TEST(GaussianSample, outside_of_training_it_is_the_mean) {
  Trial trial;
  trial.context.training = false;
  trial.forward();
  trial.backward();
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      EXPECT_EQ(trial.y[r * width + c], trial.x[r * 2 * width + c]);
      EXPECT_EQ(trial.dx[r * 2 * width + c], trial.dy[r * width + c]);
      EXPECT_EQ(trial.dx[r * 2 * width + width + c], 0.0F);
    }
  }
}

TEST(GaussianSample, noise_is_a_function_of_seed_epoch_and_sample) {
  const auto noise = Trial().noise();
  EXPECT_EQ(noise, Trial().noise());
  EXPECT_NE(noise, Trial(4).noise());
  EXPECT_NE(noise, Trial(3, 3).noise());
  Trial swapped;
  std::swap(swapped.ids[0], swapped.ids[1]);
  std::ranges::fill(swapped.x, 0.0F);
  swapped.forward();
  for (std::size_t c = 0; c < width; ++c) {
    EXPECT_EQ(swapped.y[c], noise[width + c]);
    EXPECT_EQ(swapped.y[width + c], noise[c]);
  }
}

TEST(GaussianSample, samples_without_ids_are_a_bug) {
  Trial trial;
  trial.context.sample_ids = {};
  EXPECT_THROW(trial.forward(), Error);
}

}  // namespace
}  // namespace hourglass
