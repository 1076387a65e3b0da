#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "nn/dense.hpp"
#include "nn/network.hpp"
#include "nn/reference.hpp"

namespace hourglass::encoder_test {

using Vector = std::vector<double>;

/// A chain of dense layers with random parameters, samples, and its function in double.
struct Encoder {
  Encoder(const std::vector<Index>& widths, Activation activation, Index rows_) : rows(rows_) {
    std::vector<std::unique_ptr<Layer>> chain;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      auto layer =
          std::make_unique<Dense>(layout, std::to_string(l), widths[l], widths[l + 1], activation);
      layers.push_back(layer.get());
      chain.push_back(std::move(layer));
    }
    network = Network(std::move(chain), layout);
    workspace = network.make_workspace(rows);
    parameters = Buffer<float>(layout.size());
    samples = Buffer<float>(rows * widths.front());
    std::mt19937 random(6);
    std::normal_distribution<float> normal(0, 0.6F);
    for (auto* const values : {&parameters, &samples})
      for (float& value : values->span()) value = normal(random);
  }

  [[nodiscard]] ConstMatrix x() const { return {samples.data(), rows, layers.front()->inputs()}; }
  void forward() {
    network.forward({0, network.layer_count()}, parameters.data(), x(), workspace, {});
  }
  [[nodiscard]] Vector sample(Index r) const { return {x().row(r).begin(), x().row(r).end()}; }

  /// h of one sample from parameters p.
  [[nodiscard]] Vector code(const Vector& p, Vector y) const {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Tensor& weight = layout.tensor(static_cast<Slot>(2 * l));
      const Tensor& bias = layout.tensor(static_cast<Slot>(2 * l + 1));
      Vector next;
      for (Index o = 0; o < weight.shape[0]; ++o) {
        double z = p[static_cast<std::size_t>(bias.offset + o)];
        for (std::size_t i = 0; i < y.size(); ++i) {
          const Index at = weight.offset + o * weight.shape[1] + static_cast<Index>(i);
          z += p[static_cast<std::size_t>(at)] * y[i];
        }
        next.push_back(reference::activation(layers[l]->activation(), z));
      }
      y = next;
    }
    return y;
  }
  /// v J of one sample by central differences of v h.
  [[nodiscard]] Vector product(const Vector& p, const Vector& at, const Vector& v) const {
    Vector result;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double step = 1e-5;
      Vector above = at;
      Vector below = at;
      above[i] += step;
      below[i] -= step;
      const Vector high = code(p, above);
      const Vector low = code(p, below);
      double sum = 0;
      for (std::size_t j = 0; j < v.size(); ++j) sum += v[j] * (high[j] - low[j]) / (2 * step);
      result.push_back(sum);
    }
    return result;
  }
  [[nodiscard]] Vector doubles() const {
    return {parameters.span().begin(), parameters.span().end()};
  }

  Index rows;
  Layout layout;
  std::vector<const Dense*> layers;
  Network network;
  Workspace workspace;
  Buffer<float> parameters;
  Buffer<float> samples;
};

inline std::vector<Activation> smooth_activations() {
  return {Activation::linear, Activation::sigmoid,  Activation::tanh,
          Activation::gelu,   Activation::softplus, Activation::silu};
}

}  // namespace hourglass::encoder_test
