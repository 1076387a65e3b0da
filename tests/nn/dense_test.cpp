// A dense layer against loops in double, with tied weights and with the terms of a second-order
// penalty.
#include "nn/dense.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "core/buffer.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 4;
constexpr Index inputs = 6;
constexpr Index outputs = 5;

void randomize(std::span<float> values, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.7F);
  for (float& value : values) value = normal(random);
}

/// A layer in -> out, or the mirror of a layer out -> in, with x, the cotangent v of y and dx.
struct Trial {
  Trial(Activation activation, bool tied) : mirrors(tied) {
    if (tied) {
      first = std::make_unique<Dense>(layout, "first", outputs, inputs, Activation::linear);
      layer = std::make_unique<Dense>(layout, "layer", *first, activation);
    } else {
      layer = std::make_unique<Dense>(layout, "layer", inputs, outputs, activation);
    }
    parameters = Buffer<float>(layout.size());
    gradient = Buffer<float>(layout.size());
    scratch.resize(static_cast<std::size_t>(rows * layer->scratch_per_row()));
    randomize(parameters.span(), 1);
    randomize(x, 2);
    randomize(v, 3);
  }
  void pass(const PassContext& context) {
    std::vector<float> dy = v;
    const ConstMatrix in(x.data(), rows, inputs);
    layer->forward(parameters.data(), in, Matrix(y.data(), rows, outputs), scratch, context);
    layer->backward(parameters.data(), in, ConstMatrix(y.data(), rows, outputs),
                    Matrix(dy.data(), rows, outputs), Matrix(dx.data(), rows, inputs),
                    gradient.data(), scratch, context);
  }
  /// The place of the weight from input i to output o in the arena.
  [[nodiscard]] Index weight(Index o, Index i) const {
    return layout.tensor(0).offset + (mirrors ? i * outputs + o : o * inputs + i);
  }
  [[nodiscard]] Index bias(Index o) const { return layout.tensor(mirrors ? 2 : 1).offset + o; }
  [[nodiscard]] double logit(Index r, Index o) const {
    double z = parameters[bias(o)];
    for (Index i = 0; i < inputs; ++i)
      z += static_cast<double>(parameters[weight(o, i)]) *
           static_cast<double>(x[static_cast<std::size_t>(r * inputs + i)]);
    return z;
  }

  bool mirrors;
  Layout layout;
  std::unique_ptr<Dense> first;
  std::unique_ptr<Dense> layer;
  Buffer<float> parameters;
  Buffer<float> gradient;
  std::vector<float> scratch;
  std::vector<float> x = std::vector<float>(rows * inputs);
  std::vector<float> v = std::vector<float>(rows * outputs);
  std::vector<float> y = std::vector<float>(rows * outputs);
  std::vector<float> dx = std::vector<float>(rows * inputs);
};

TEST(Dense, passes_are_those_of_the_definition) {
  for (const bool tied : {false, true}) {
    for (const std::string& name : activation_names()) {
      const Activation kind = activation_from(name);
      Trial trial(kind, tied);
      trial.pass({.training = true});
      std::vector<double> dz(rows * outputs);
      for (Index r = 0; r < rows; ++r) {
        for (Index o = 0; o < outputs; ++o) {
          const auto at = static_cast<std::size_t>(r * outputs + o);
          const double z = trial.logit(r, o);
          EXPECT_NEAR(trial.y[at], reference::activation(kind, z), 2e-6) << name;
          dz[at] = static_cast<double>(trial.v[at]) * reference::slope(kind, z);
        }
      }
      for (Index o = 0; o < outputs; ++o) {
        double bias = 0;
        for (Index r = 0; r < rows; ++r) bias += dz[static_cast<std::size_t>(r * outputs + o)];
        EXPECT_NEAR(trial.gradient[trial.bias(o)], bias, 1e-5) << name;
        for (Index i = 0; i < inputs; ++i) {
          double weight = 0;
          for (Index r = 0; r < rows; ++r) {
            weight += dz[static_cast<std::size_t>(r * outputs + o)] *
                      static_cast<double>(trial.x[static_cast<std::size_t>(r * inputs + i)]);
          }
          EXPECT_NEAR(trial.gradient[trial.weight(o, i)], weight, 1e-5) << name;
        }
      }
      for (Index r = 0; r < rows; ++r) {
        for (Index i = 0; i < inputs; ++i) {
          double expected = 0;
          for (Index o = 0; o < outputs; ++o) {
            expected += dz[static_cast<std::size_t>(r * outputs + o)] *
                        static_cast<double>(trial.parameters[trial.weight(o, i)]);
          }
          EXPECT_NEAR(trial.dx[static_cast<std::size_t>(r * inputs + i)], expected, 1e-5) << name;
        }
      }
    }
  }
}

TEST(Dense, adds_the_terms_of_a_second_order_penalty) {
  Trial plain(Activation::linear, false);
  Trial penalized(Activation::linear, false);
  std::vector<float> dz(rows * outputs);
  std::vector<float> left(2 * rows * outputs);
  std::vector<float> right(2 * rows * inputs);
  std::vector<float> bias(rows * outputs);
  std::vector<float> factors(outputs);
  std::uint32_t seed = 10;
  for (auto* const values : {&dz, &left, &right, &bias, &factors}) randomize(*values, seed++);
  const std::vector<SecondOrderTerms::Product> products = {
      {ConstMatrix(left.data(), rows, outputs), ConstMatrix(right.data(), rows, inputs)},
      {ConstMatrix(left.data() + rows * outputs, rows, outputs),
       ConstMatrix(right.data() + rows * inputs, rows, inputs)}};
  const std::vector<ConstMatrix> biases = {ConstMatrix(bias.data(), rows, outputs)};
  SecondOrderTerms terms;
  terms.pre_activation = ConstMatrix(dz.data(), rows, outputs);
  terms.products = products;
  terms.bias = biases;
  terms.row_factors = factors;
  PassContext context{.training = true};
  plain.pass(context);
  context.second_order = {&terms, 1};
  penalized.pass(context);
  const auto element = [](const std::vector<float>& values, Index i) {
    return static_cast<double>(values[static_cast<std::size_t>(i)]);
  };
  for (Index o = 0; o < outputs; ++o) {
    double added = 0;
    for (Index r = 0; r < rows; ++r)
      added += element(dz, r * outputs + o) + element(bias, r * outputs + o);
    EXPECT_NEAR(penalized.gradient[penalized.bias(o)], plain.gradient[plain.bias(o)] + added, 1e-5);
    for (Index i = 0; i < inputs; ++i) {
      const Index at = plain.weight(o, i);
      double weight = element(factors, o) * static_cast<double>(plain.parameters[at]);
      for (Index r = 0; r < 2 * rows; ++r)
        weight += element(left, r * outputs + o) * element(right, r * inputs + i);
      for (Index r = 0; r < rows; ++r)
        weight += element(dz, r * outputs + o) * element(plain.x, r * inputs + i);
      EXPECT_NEAR(penalized.gradient[at], plain.gradient[at] + weight, 1e-5);
    }
  }
  for (Index r = 0; r < rows; ++r) {
    for (Index i = 0; i < inputs; ++i) {
      double added = 0;
      for (Index o = 0; o < outputs; ++o) {
        added += element(dz, r * outputs + o) *
                 static_cast<double>(plain.parameters[plain.weight(o, i)]);
      }
      const auto at = static_cast<std::size_t>(r * inputs + i);
      EXPECT_NEAR(penalized.dx[at], plain.dx[at] + added, 1e-5);
    }
  }
}

TEST(Dense, a_mirror_shares_the_weight_and_its_gradient) {
  Trial trial(Activation::tanh, true);
  EXPECT_EQ(trial.layout.tensors().size(), 3U) << "one weight and two biases";
  EXPECT_EQ(trial.layer->roles().size(), 1U);
  trial.pass({.training = true});
  const std::vector<float> written(trial.gradient.span().begin(), trial.gradient.span().end());
  // The first layer's backward pass comes second and adds to the gradient of the weight.
  std::vector<float> x(rows * outputs, 0.5F);
  std::vector<float> dy(rows * inputs, 2.0F);
  trial.first->backward(trial.parameters.data(), ConstMatrix(x.data(), rows, outputs),
                        ConstMatrix(trial.x.data(), rows, inputs), Matrix(dy.data(), rows, inputs),
                        {}, trial.gradient.data(), {}, {});
  const Tensor& weight = trial.layout.tensor(0);
  for (Index i = weight.offset; i < weight.offset + weight.size; ++i)
    EXPECT_FLOAT_EQ(trial.gradient[i], written[static_cast<std::size_t>(i)] + rows * 0.5F * 2.0F);
}

}  // namespace
}  // namespace hourglass
