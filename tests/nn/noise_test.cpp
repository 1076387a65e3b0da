// Noise on activations: rates, moments and dependences.
#include "nn/noise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

double mean_of(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Noise, text_and_back) {
  for (const std::string text : {"none", "gaussian:0.1", "dropout:0.5"})
    EXPECT_EQ(to_string(noise_from(text)), text);
  for (const std::string text :
       {"gaussian", "dropout:1", "dropout:-0.1", "gaussian:x", "salt:0.1", "gaussian:0.1:2"}) {
    EXPECT_THROW((void)noise_from(text), Error) << text;
  }
}

struct LayerTrial {
  LayerTrial(const Layer& layer, bool training, Index rows, float value)
      : x(static_cast<std::size_t>(rows * layer.inputs()), value),
        y(x.size()),
        dy(x.size(), 1.0F),
        dx(x.size()),
        scratch(static_cast<std::size_t>(rows * layer.scratch_per_row())) {
    std::vector<std::uint64_t> ids(static_cast<std::size_t>(rows));
    std::iota(ids.begin(), ids.end(), std::uint64_t{0});
    PassContext context;
    context.training = training;
    context.sample_ids = ids;
    const Index width = layer.inputs();
    layer.forward(nullptr, ConstMatrix(x.data(), rows, width), Matrix(y.data(), rows, width),
                  scratch, context);
    layer.backward(nullptr, ConstMatrix(x.data(), rows, width), ConstMatrix(y.data(), rows, width),
                   Matrix(dy.data(), rows, width), Matrix(dx.data(), rows, width), nullptr, scratch,
                   context);
  }
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> dy;
  std::vector<float> dx;
  std::vector<float> scratch;
};

TEST(Noise, dropout_keeps_the_mean_and_passes_the_gradient_where_it_kept) {
  const NoiseLayer layer(50, {Noise::dropout, 0.4}, 3);
  const LayerTrial trial(layer, true, 2000, 2.0F);
  EXPECT_NEAR(mean_of(trial.y), 2, 0.03);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(trial.y, 0.0F)) / 100000, 0.4, 0.008);
  for (std::size_t i = 0; i < trial.y.size(); ++i) ASSERT_FLOAT_EQ(trial.dx[i], trial.y[i] / 2);
}

TEST(Noise, gaussian_passes_the_gradient_unchanged) {
  const NoiseLayer layer(50, {Noise::gaussian, 0.5}, 0);
  const LayerTrial trial(layer, true, 2000, 1.0F);
  EXPECT_NEAR(mean_of(trial.y), 1, 0.01);
  double variance = 0;
  for (const float value : trial.y)
    variance += (static_cast<double>(value) - 1) * (static_cast<double>(value) - 1) / 100000;
  EXPECT_NEAR(variance, 0.25, 0.006);
  EXPECT_EQ(trial.dx, trial.dy);
}

TEST(Noise, layers_are_independent_and_silent_outside_of_training) {
  const NoiseLayer first(50, {Noise::dropout, 0.5}, 0);
  const NoiseLayer second(50, {Noise::dropout, 0.5}, 1);
  EXPECT_NE(LayerTrial(first, true, 10, 1.0F).y, LayerTrial(second, true, 10, 1.0F).y);
  const LayerTrial quiet(first, false, 10, 1.0F);
  EXPECT_EQ(quiet.y, quiet.x);
  EXPECT_EQ(quiet.dx, quiet.dy);
}

}  // namespace
}  // namespace hourglass
