#include "nn/activation_layer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "nn/reference.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 3;
constexpr Index width = 11;

TEST(ActivationLayer, values_and_gradients_are_those_of_the_activation) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> x(rows * width);
  std::vector<float> v(x.size());
  for (auto* const values : {&x, &v})
    for (float& value : *values) value = normal(random);
  for (const std::string& name : activation_names()) {
    const Activation kind = activation_from(name);
    const ActivationLayer layer(width, kind);
    EXPECT_EQ(layer.activation(), kind);
    EXPECT_EQ(layer.inputs(), width);
    EXPECT_EQ(layer.outputs(), width);
    std::vector<float> scratch(static_cast<std::size_t>(rows * layer.scratch_per_row()));
    std::vector<float> y(x.size());
    std::vector<float> dy = v;
    std::vector<float> dx(x.size());
    const PassContext training{.training = true};
    const ConstMatrix in(x.data(), rows, width);
    layer.forward(nullptr, in, Matrix(y.data(), rows, width), scratch, training);
    layer.backward(nullptr, in, ConstMatrix(y.data(), rows, width), Matrix(dy.data(), rows, width),
                   Matrix(dx.data(), rows, width), nullptr, scratch, training);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = x[i];
      const double value = reference::activation(kind, z);
      const double slope = reference::slope(kind, z);
      EXPECT_NEAR(y[i], value, 2e-6 * (1 + std::fabs(value))) << name;
      EXPECT_NEAR(dx[i], v[i] * slope, 1e-5 * (1 + std::fabs(v[i] * slope))) << name;
    }
    std::vector<float> inference(x.size());
    layer.forward(nullptr, in, Matrix(inference.data(), rows, width), {}, {});
    EXPECT_EQ(inference, y) << name << ": inference needs no scratch memory";
  }
}

}  // namespace
}  // namespace hourglass
