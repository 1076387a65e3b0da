#include "nn/layer_norm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "core/buffer.hpp"

namespace hourglass {
namespace {

using Vector = std::vector<double>;

constexpr Index rows = 4;
constexpr Index width = 21;  // more than one lane of 16, and a rest

/// Random samples, gains and shifts; the objective is sum v y with a random cotangent v.
struct Trial {
  explicit Trial(Index gains_)
      : gains(gains_),
        layer(layout, "norm", width, gains),
        parameters(layout.size()),
        gradient(layout.size()),
        scratch(static_cast<std::size_t>(rows * layer.scratch_per_row())) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal(0.3F, 2);
    for (auto* const values : {&x, &v})
      for (float& value : *values) value = normal(random);
    for (float& value : parameters.span()) value = normal(random);
  }
  void forward() {
    layer.forward(parameters.data(), ConstMatrix(x.data(), rows, width),
                  Matrix(y.data(), rows, width), scratch, {});
  }
  void backward(Matrix dx) {
    std::vector<float> dy = v;
    layer.backward(parameters.data(), ConstMatrix(x.data(), rows, width),
                   ConstMatrix(y.data(), rows, width), Matrix(dy.data(), rows, width), dx,
                   gradient.data(), scratch, {});
  }
  [[nodiscard]] Vector output(const Vector& in, const Vector& p) const {
    Vector out(in.size());
    for (std::size_t begin = 0; begin < in.size(); begin += width) {
      double mean = 0;
      double variance = 0;
      for (std::size_t c = 0; c < width; ++c) mean += in[begin + c] / width;
      for (std::size_t c = 0; c < width; ++c)
        variance += (in[begin + c] - mean) * (in[begin + c] - mean) / width;
      for (std::size_t c = 0; c < width; ++c) {
        const std::size_t unit = c % static_cast<std::size_t>(gains);
        const double gain = p[static_cast<std::size_t>(layout.tensor(0).offset) + unit];
        const double shift = p[static_cast<std::size_t>(layout.tensor(1).offset) + unit];
        out[begin + c] = gain * (in[begin + c] - mean) / std::sqrt(variance + 1e-5) + shift;
      }
    }
    return out;
  }
  [[nodiscard]] double objective(const Vector& in, const Vector& p) const {
    const Vector out = output(in, p);
    double sum = 0;
    for (std::size_t i = 0; i < out.size(); ++i) sum += static_cast<double>(v[i]) * out[i];
    return sum;
  }

  Index gains;
  Layout layout;
  LayerNorm layer;
  Buffer<float> parameters;
  Buffer<float> gradient;
  std::vector<float> x = std::vector<float>(rows * width);
  std::vector<float> v = std::vector<float>(rows * width);
  std::vector<float> y = std::vector<float>(rows * width);
  std::vector<float> scratch;
};

Vector doubles(std::span<const float> values) { return {values.begin(), values.end()}; }

template <class Function>
double derivative(const Function& function, Vector at, std::size_t i) {
  const double h = 1e-5;
  const double middle = at[i];
  at[i] = middle + h;
  const double above = function(at);
  at[i] = middle - h;
  return (above - function(at)) / (2 * h);
}

TEST(LayerNorm, forward_is_the_definition) {
  for (const Index gains : {width, Index{7}}) {
    Trial trial(gains);
    trial.forward();
    const Vector expected = trial.output(doubles(trial.x), doubles(trial.parameters.span()));
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(trial.y[i], expected[i], 2e-6 * (1 + std::fabs(expected[i])));
  }
}

TEST(LayerNorm, gradients_equal_finite_differences) {
  for (const Index gains : {width, Index{3}}) {
    Trial trial(gains);
    std::vector<float> dx(trial.x.size());
    trial.forward();
    trial.backward(Matrix(dx.data(), rows, width));
    const Vector x = doubles(trial.x);
    const Vector p = doubles(trial.parameters.span());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected =
          derivative([&](const Vector& at) { return trial.objective(at, p); }, x, i);
      EXPECT_NEAR(dx[i], expected, 2e-5 * (1 + std::fabs(expected))) << i;
    }
    for (const Tensor& tensor : trial.layout.tensors()) {
      for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
        const double expected = derivative([&](const Vector& at) { return trial.objective(x, at); },
                                           p, static_cast<std::size_t>(i));
        EXPECT_NEAR(trial.gradient[i], expected, 2e-5 * (1 + std::fabs(expected)))
            << tensor.name << " " << i;
      }
    }
  }
}

TEST(LayerNorm, without_an_input_gradient_that_of_the_parameters_is_the_same) {
  Trial trial(width);
  std::vector<float> dx(trial.x.size());
  trial.forward();
  trial.backward(Matrix(dx.data(), rows, width));
  const Vector expected = doubles(trial.gradient.span());
  trial.backward({});
  EXPECT_EQ(doubles(trial.gradient.span()), expected);
}

TEST(LayerNorm, samples_do_not_affect_each_other) {
  Trial trial(width);
  trial.forward();
  const std::vector<float> before = trial.y;
  for (Index c = 0; c < width; ++c) trial.x[static_cast<std::size_t>(c)] *= 3;
  trial.forward();
  EXPECT_TRUE(std::equal(before.begin() + width, before.end(), trial.y.begin() + width));
}

TEST(LayerNorm, gains_start_at_one_and_shifts_at_zero) {
  Layout layout;
  const LayerNorm layer(layout, "norm", 6, 3);
  const auto roles = layer.roles();
  ASSERT_EQ(roles.size(), 2U);
  EXPECT_EQ(layout.tensor(roles[0].slot).name, "norm/gain");
  EXPECT_EQ(roles[0].constant, 1.0F);
  EXPECT_EQ(layout.tensor(roles[1].slot).name, "norm/shift");
  EXPECT_EQ(roles[1].constant, 0.0F);
  EXPECT_EQ(layout.tensor(0).size, 3);
}

}  // namespace
}  // namespace hourglass
