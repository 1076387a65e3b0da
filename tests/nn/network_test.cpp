#include "nn/network.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/dense.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

const PassContext training{.training = true};

/// Three layers 6-5-4-3 of unlike activations with random parameters.
struct Trial {
  Trial()
      : network(make()),
        parameters(layout.size()),
        gradient(layout.size()),
        x(rows * 6),
        workspace(network.make_workspace(rows)) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.7F);
    for (float& value : parameters.span()) value = normal(random);
    for (float& value : x.span()) value = normal(random);
  }
  Network make() {
    std::vector<std::unique_ptr<Layer>> layers;
    layers.push_back(std::make_unique<Dense>(layout, "a", 6, 5, Activation::gelu));
    layers.push_back(std::make_unique<Dense>(layout, "b", 5, 4, Activation::tanh));
    layers.push_back(std::make_unique<Dense>(layout, "c", 4, 3, Activation::softplus));
    return {std::move(layers), layout};
  }
  [[nodiscard]] ConstMatrix input() const { return {x.data(), rows, 6}; }
  /// The loss of these tests is the sum of squares of the output, halved.
  void loss_gradient() {
    const Matrix y = workspace.output(2, rows);
    std::copy_n(y.data, y.rows * y.columns, workspace.output_gradient(2, rows).data);
  }

  Index rows = 4;
  Layout layout;
  Network network;
  Buffer<float> parameters;
  Buffer<float> gradient;
  Buffer<float> x;
  Workspace workspace;
};

// In double, by naive loops.
double exact_loss(const Trial& trial, const std::vector<double>& parameters,
                  const std::vector<double>& x) {
  double loss = 0;
  for (Index r = 0; r < trial.rows; ++r) {
    std::vector<double> values(x.begin() + r * 6, x.begin() + (r + 1) * 6);
    Slot slot = 0;
    for (const Activation activation : {Activation::gelu, Activation::tanh, Activation::softplus}) {
      const Tensor& weight = trial.layout.tensor(slot++);
      const Tensor& bias = trial.layout.tensor(slot++);
      std::vector<double> next;
      for (Index o = 0; o < weight.shape[0]; ++o) {
        double z = parameters[static_cast<std::size_t>(bias.offset + o)];
        for (Index i = 0; i < weight.shape[1]; ++i) {
          z += parameters[static_cast<std::size_t>(weight.offset + o * weight.shape[1] + i)] *
               values[static_cast<std::size_t>(i)];
        }
        next.push_back(reference::activation(activation, z));
      }
      values = next;
    }
    for (const double value : values) loss += 0.5 * value * value;
  }
  return loss;
}

TEST(Network, gradients_of_parameters_and_input_equal_finite_differences) {
  Trial trial;
  Buffer<float> dx(trial.rows * 6);
  trial.network.forward({0, 3}, trial.parameters.data(), trial.input(), trial.workspace, training);
  trial.loss_gradient();
  trial.network.backward({0, 3}, trial.parameters.data(), trial.input(), trial.workspace,
                         Matrix(dx.data(), trial.rows, 6), trial.gradient.data(), training, {});
  const std::vector<double> parameters(trial.parameters.span().begin(),
                                       trial.parameters.span().end());
  const std::vector<double> x(trial.x.span().begin(), trial.x.span().end());
  for (const Tensor& tensor : trial.layout.tensors()) {
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const double exact =
          reference::derivative([&](const auto& p) { return exact_loss(trial, p, x); }, parameters,
                                static_cast<std::size_t>(i));
      ASSERT_NEAR(trial.gradient[i], exact, 1e-4 * std::fabs(exact) + 1e-5) << tensor.name;
    }
  }
  for (Index i = 0; i < dx.size(); ++i) {
    const double exact = reference::derivative(
        [&](const auto& values) { return exact_loss(trial, parameters, values); }, x,
        static_cast<std::size_t>(i));
    ASSERT_NEAR(dx[i], exact, 1e-4 * std::fabs(exact) + 1e-5);
  }
}

TEST(Network, passes_over_sub_ranges_make_up_the_whole) {
  Trial whole;
  whole.network.forward({0, 3}, whole.parameters.data(), whole.input(), whole.workspace, training);
  whole.loss_gradient();
  whole.network.backward({0, 3}, whole.parameters.data(), whole.input(), whole.workspace, {},
                         whole.gradient.data(), training, {});
  Trial parts;
  const float* parameters = parts.parameters.data();
  const ConstMatrix code =
      parts.network.forward({0, 2}, parameters, parts.input(), parts.workspace, training);
  parts.network.forward({2, 3}, parameters, code, parts.workspace, training);
  parts.loss_gradient();
  std::vector<Range> announced;
  const auto ready = [&](Range range) { announced.push_back(range); };
  parts.network.backward({2, 3}, parameters, code, parts.workspace,
                         parts.workspace.output_gradient(1, parts.rows), parts.gradient.data(),
                         training, ready);
  parts.network.backward({0, 2}, parameters, parts.input(), parts.workspace, {},
                         parts.gradient.data(), training, ready);
  EXPECT_TRUE(std::ranges::equal(whole.gradient.span(), parts.gradient.span()));
  const Layout& layout = parts.layout;
  EXPECT_EQ(announced, std::vector<Range>({{layout.range(4).begin, layout.range(5).end},
                                           {layout.range(2).begin, layout.range(3).end},
                                           {layout.range(0).begin, layout.range(1).end}}));
}

TEST(Network, refuses_layers_that_do_not_fit) {
  Layout layout;
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(std::make_unique<Dense>(layout, "a", 6, 5, Activation::relu));
  layers.push_back(std::make_unique<Dense>(layout, "b", 4, 3, Activation::relu));
  EXPECT_THROW(Network(std::move(layers), layout), Error);
  EXPECT_THROW(Network({}, layout), Error);
}

TEST(Workspace, neighbouring_gradients_and_all_outputs_are_apart) {
  Trial trial;
  const auto overlap = [](Matrix a, Matrix b) {
    return a.data < b.data + b.rows * b.columns && b.data < a.data + a.rows * a.columns;
  };
  for (Index layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(trial.workspace.output(layer, 4).columns, trial.network.layer(layer).outputs());
    for (Index other = 0; other < layer; ++other) {
      EXPECT_FALSE(overlap(trial.workspace.output(layer, 4), trial.workspace.output(other, 4)));
    }
    if (layer > 0) {
      EXPECT_FALSE(overlap(trial.workspace.output_gradient(layer, 4),
                           trial.workspace.output_gradient(layer - 1, 4)));
    }
  }
  EXPECT_EQ(trial.workspace.scratch(0, 3).size(), 15U) << "gelu saves a derivative an output";
  EXPECT_EQ(trial.workspace.scratch(1, 3).size(), 0U);
  EXPECT_EQ(trial.workspace.max_rows(), 4);
  // Outputs (5 + 4 + 3) and two gradients of the widest layer, each padded to 64 floats, and a
  // scratch of 5.
  EXPECT_GE(trial.workspace.bytes(), 4 * (4 * 12 + 2 * 4 * 5 + 4 * 5));
  EXPECT_LE(trial.workspace.bytes(), 4 * (3 * 64 + 2 * 64 + 64));
}

TEST(Dense, saves_derivatives_only_in_training) {
  Trial trial;
  const std::span<float> scratch = trial.workspace.scratch(0, trial.rows);
  std::ranges::fill(scratch, -5.0F);
  trial.network.forward({0, 1}, trial.parameters.data(), trial.input(), trial.workspace, {});
  EXPECT_EQ(std::ranges::count(scratch, -5.0F), static_cast<std::ptrdiff_t>(scratch.size()));
  const std::vector<float> inference(trial.workspace.output(0, 4).data,
                                     trial.workspace.output(0, 4).data + 20);
  trial.network.forward({0, 1}, trial.parameters.data(), trial.input(), trial.workspace, training);
  EXPECT_EQ(std::ranges::count(scratch, -5.0F), 0);
  EXPECT_TRUE(std::equal(inference.begin(), inference.end(), trial.workspace.output(0, 4).data));
}

}  // namespace
}  // namespace hourglass
