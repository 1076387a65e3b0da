// Products with an encoder's Jacobian, and their derivatives, against finite differences of the
// encoder in double.
#include "model/jacobian_pass.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "model/encoder_trial.hpp"

namespace hourglass {
namespace {

using encoder_test::Encoder;
using encoder_test::smooth_activations;
using encoder_test::Vector;

constexpr Index rows = 3;
constexpr Index probes = 2;  // per sample

/// A pass over an encoder with random probes and a seed for the adjoint pass.
struct Trial {
  Trial(const std::vector<Index>& widths, Activation activation)
      : encoder(widths, activation, rows),
        scratch(JacobianPass::scratch_floats(encoder.layers, rows, probes)),
        arena(scratch.span()),
        v(probes * rows * widths.back()),
        seed(probes * rows * widths.front()) {
    // Scratch memory is not initialised.
    for (float& value : scratch.span()) value = std::numeric_limits<float>::quiet_NaN();
    std::mt19937 random(8);
    std::normal_distribution<float> normal(0, 1);
    for (auto* const values : {&v, &seed})
      for (float& value : values->span()) value = normal(random);
    encoder.forward();
  }
  [[nodiscard]] Matrix vectors() { return {v.data(), probes * rows, code()}; }
  [[nodiscard]] Matrix seeds() { return {seed.data(), probes * rows, encoder.x().columns}; }
  [[nodiscard]] Index code() const { return encoder.layers.back()->outputs(); }
  [[nodiscard]] Vector row(const Buffer<float>& values, Index columns, Index i) const {
    const float* const begin = values.data() + i * columns;
    return {begin, begin + columns};
  }
  /// sum over probes of seed . (v J), as a function of the parameters.
  [[nodiscard]] double objective(const Vector& p) const {
    double sum = 0;
    for (Index i = 0; i < probes * rows; ++i) {
      const Vector product = encoder.product(p, encoder.sample(i % rows), row(v, code(), i));
      const Vector weights = row(seed, encoder.x().columns, i);
      for (std::size_t c = 0; c < product.size(); ++c) sum += weights[c] * product[c];
    }
    return sum;
  }

  Encoder encoder;
  Buffer<float> scratch;
  ScratchArena arena;
  Buffer<float> v;
  Buffer<float> seed;
};

TEST(JacobianPass, reverse_gives_the_product_with_the_jacobian) {
  for (const Activation activation : smooth_activations()) {
    for (const std::vector<Index>& widths :
         std::vector<std::vector<Index>>{{5, 3}, {5, 4, 3}, {4, 6, 5, 2}}) {
      Trial trial(widths, activation);
      JacobianPass pass(trial.encoder.layers, trial.encoder.parameters.data(), trial.encoder.x(),
                        trial.encoder.workspace, trial.arena);
      pass.reverse(trial.vectors());
      for (Index i = 0; i < probes * rows; ++i) {
        const Vector expected =
            trial.encoder.product(trial.encoder.doubles(), trial.encoder.sample(i % rows),
                                  trial.row(trial.v, trial.code(), i));
        for (std::size_t c = 0; c < expected.size(); ++c)
          EXPECT_NEAR(pass.product()(i, static_cast<Index>(c)), expected[c], 2e-5)
              << name_of(activation);
      }
    }
  }
}

TEST(JacobianPass, own_forward_pass_gives_the_same_bits) {
  Trial given({5, 4, 3}, Activation::gelu);
  Trial own({5, 4, 3}, Activation::gelu);
  JacobianPass a(given.encoder.layers, given.encoder.parameters.data(), given.encoder.x(),
                 given.encoder.workspace, given.arena);
  JacobianPass b(own.encoder.layers, own.encoder.parameters.data(), own.encoder.x(), own.arena);
  a.reverse(given.vectors());
  b.reverse(own.vectors());
  for (Index i = 0; i < probes * rows; ++i) {
    for (Index c = 0; c < 5; ++c) EXPECT_EQ(a.product()(i, c), b.product()(i, c));
  }
}

// The weight's derivative has two parts: q^T a of the pass itself, and that of the ordinary
// backward pass from dz.
TEST(JacobianPass, adjoint_gives_the_derivative_by_the_parameters) {
  for (const Activation activation : smooth_activations()) {
    Trial trial({4, 3, 2}, activation);
    JacobianPass pass(trial.encoder.layers, trial.encoder.parameters.data(), trial.encoder.x(),
                      trial.encoder.workspace, trial.arena);
    pass.reverse(trial.vectors());
    pass.adjoint(trial.seeds());
    // From the code down: dz of each layer with what arrives from the layer above.
    std::vector<std::vector<double>> dz(trial.encoder.layers.size());
    for (std::size_t l = trial.encoder.layers.size(); l-- > 0;) {
      const Dense& layer = *trial.encoder.layers[l];
      dz[l].assign(static_cast<std::size_t>(rows * layer.outputs()), 0.0);
      for (Index r = 0; r < rows; ++r) {
        for (Index o = 0; o < layer.outputs(); ++o) {
          double value = pass.dz(l)(r, o);
          if (l + 1 < trial.encoder.layers.size()) {
            const Dense& above = *trial.encoder.layers[l + 1];
            const ConstMatrix weight = above.weight(trial.encoder.parameters.data());
            double sum = 0;
            for (Index k = 0; k < above.outputs(); ++k)
              sum += dz[l + 1][static_cast<std::size_t>(r * above.outputs() + k)] *
                     static_cast<double>(weight(k, o));
            value += sum * static_cast<double>(pass.slopes(l)(r, o));
          }
          dz[l][static_cast<std::size_t>(r * layer.outputs() + o)] = value;
        }
      }
    }
    const Vector p = trial.encoder.doubles();
    const auto derivative = [&](Index at) {
      Vector moved = p;
      const double step = 1e-4;
      moved[static_cast<std::size_t>(at)] += step;
      const double above = trial.objective(moved);
      moved[static_cast<std::size_t>(at)] -= 2 * step;
      return (above - trial.objective(moved)) / (2 * step);
    };
    for (std::size_t l = 0; l < trial.encoder.layers.size(); ++l) {
      const Dense& layer = *trial.encoder.layers[l];
      const Tensor& weight = trial.encoder.layout.tensor(static_cast<Slot>(2 * l));
      const Tensor& bias = trial.encoder.layout.tensor(static_cast<Slot>(2 * l + 1));
      for (Index o = 0; o < layer.outputs(); ++o) {
        double of_bias = 0;
        for (Index r = 0; r < rows; ++r)
          of_bias += dz[l][static_cast<std::size_t>(r * layer.outputs() + o)];
        EXPECT_NEAR(of_bias, derivative(bias.offset + o), 2e-3) << name_of(activation);
        for (Index i = 0; i < layer.inputs(); ++i) {
          double of_weight = 0;
          for (Index k = 0; k < probes * rows; ++k)
            of_weight +=
                static_cast<double>(pass.q(l)(k, o)) * static_cast<double>(pass.a(l)(k, i));
          for (Index r = 0; r < rows; ++r)
            of_weight += dz[l][static_cast<std::size_t>(r * layer.outputs() + o)] *
                         static_cast<double>(pass.layer_input(l)(r, i));
          EXPECT_NEAR(of_weight, derivative(weight.offset + o * layer.inputs() + i), 2e-3)
              << name_of(activation) << ", layer " << l;
        }
      }
    }
  }
}

TEST(JacobianPass, too_little_scratch_memory_is_a_bug) {
  Trial trial({5, 3}, Activation::tanh);
  ScratchArena small(trial.scratch.span().first(64));
  EXPECT_THROW(JacobianPass(trial.encoder.layers, trial.encoder.parameters.data(),
                            trial.encoder.x(), trial.encoder.workspace, small),
               Error);
}

TEST(SlopesAndCurvatures, are_the_derivatives_of_the_activation) {
  for (const Activation activation : smooth_activations()) {
    std::vector<float> z;
    for (int i = -20; i <= 20; ++i) z.push_back(0.17F * static_cast<float>(i));
    const auto count = static_cast<Index>(z.size());
    std::vector<float> y;
    for (const float value : z)
      y.push_back(static_cast<float>(reference::activation(activation, value)));
    std::vector<float> slopes(z.size());
    std::vector<float> curvatures(z.size());
    slopes_and_curvatures(activation, ConstMatrix(y.data(), 1, count),
                          ConstMatrix(z.data(), 1, count), Matrix(slopes.data(), 1, count),
                          Matrix(curvatures.data(), 1, count));
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double at = z[i];
      const double h = 1e-4;
      const double above = reference::activation(activation, at + h);
      const double below = reference::activation(activation, at - h);
      const double middle = reference::activation(activation, at);
      EXPECT_NEAR(slopes[i], (above - below) / (2 * h), 1e-5) << name_of(activation) << " " << at;
      EXPECT_NEAR(curvatures[i], (above - 2 * middle + below) / (h * h), 1e-5)
          << name_of(activation) << " " << at;
    }
  }
}

}  // namespace
}  // namespace hourglass
