#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "model/autoencoder.hpp"

// The autoencoder rewritten in double, as simply as possible: the reference of the library's
// passes.
namespace hourglass::reference {

inline double activation(Activation kind, double z) {
  switch (kind) {
    case Activation::linear:
      return z;
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::tanh:
      return std::tanh(z);
    case Activation::relu:
      return z > 0 ? z : 0;
    case Activation::leaky_relu:
      return z > 0 ? z : 0.01 * z;
    case Activation::elu:
      return z > 0 ? z : std::expm1(z);
    case Activation::selu:
      return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * std::expm1(z));
    case Activation::gelu:
      return z * 0.5 * std::erfc(-z / std::numbers::sqrt2);
    case Activation::softplus:
      return std::max(z, 0.0) + std::log1p(std::exp(-std::fabs(z)));
    case Activation::silu:
      return z / (1 + std::exp(-z));
  }
  return std::nan("");
}

/// By central differences; the kinks at 0 belong to the negative side.
inline double slope(Activation kind, double z) {
  const double h = 1e-6 * std::max(1.0, std::fabs(z));
  if (std::fabs(z) < h) return (activation(kind, z) - activation(kind, z - h)) / h;
  return (activation(kind, z + h) - activation(kind, z - h)) / (2 * h);
}

/// The loss of one feature from its logit; for losses that are sums over features.
inline double loss(Loss kind, Activation output, double z, double x) {
  const double difference = activation(output, z) - x;
  switch (kind) {
    case Loss::bce:
      return std::max(z, 0.0) - z * x + std::log1p(std::exp(-std::fabs(z)));
    case Loss::mae:
      return std::fabs(difference);
    case Loss::huber:
      return std::fabs(difference) <= 1 ? difference * difference / 2 : std::fabs(difference) - 0.5;
    case Loss::log_cosh:
      return std::log(std::cosh(difference));
    case Loss::poisson:
      return activation(output, z) - x * std::log(activation(output, z) + 1e-8);
    default:
      return difference * difference;
  }
}

using Vector = std::vector<double>;

inline std::vector<Index> dense_widths(const LayerList& layers) {
  std::vector<Index> widths;
  for (const LayerSpec& layer : layers) widths.push_back(layer.units);
  return widths;
}

struct Layer {
  Index inputs;
  Index outputs;
  Index weight;  ///< offsets in the arena
  Index bias;
  Activation activation;
};

/// Works on an arena of the same layout, in double.
class Autoencoder {
 public:
  explicit Autoencoder(const hourglass::Autoencoder& model) : spec_(model.spec()) {
    Slot slot = 0;
    const auto add = [&](const std::vector<Index>& widths, Activation last) {
      for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
        const Index weight = model.layout().tensor(slot++).offset;
        const Index bias = model.layout().tensor(slot++).offset;
        layers_.push_back({widths[i], widths[i + 1], weight, bias,
                           i + 2 == widths.size() ? last : spec_.activation});
      }
    };
    add(dense_widths(spec_.encoder), spec_.code_activation);
    encoder_layers_ = layers_.size();
    add(dense_widths(spec_.decoder), Activation::linear);
  }

  [[nodiscard]] Vector code(const Vector& parameters, const Vector& x) const {
    return run(parameters, x, 0, encoder_layers_);
  }
  [[nodiscard]] Vector logits(const Vector& parameters, const Vector& x) const {
    return run(parameters, x, 0, layers_.size());
  }
  [[nodiscard]] Vector reconstruction(const Vector& parameters, const Vector& x) const {
    Vector result = logits(parameters, x);
    for (double& value : result) value = activation(spec_.output_activation, value);
    return result;
  }
  /// Summed over the samples.
  [[nodiscard]] double loss(const Vector& parameters, const std::vector<Vector>& inputs,
                            const std::vector<Vector>& targets) const {
    double sum = 0;
    for (std::size_t r = 0; r < inputs.size(); ++r) {
      const Vector z = logits(parameters, inputs[r]);
      for (std::size_t c = 0; c < z.size(); ++c) {
        sum += reference::loss(spec_.loss, spec_.output_activation, z[c], targets[r][c]);
      }
    }
    return spec_.feature_mean ? sum / static_cast<double>(spec_.encoder.front().units) : sum;
  }
  [[nodiscard]] double squared_error(const Vector& parameters, const std::vector<Vector>& inputs,
                                     const std::vector<Vector>& targets) const {
    double sum = 0;
    for (std::size_t r = 0; r < inputs.size(); ++r) {
      const Vector output = reconstruction(parameters, inputs[r]);
      for (std::size_t c = 0; c < output.size(); ++c)
        sum += (output[c] - targets[r][c]) * (output[c] - targets[r][c]);
    }
    return sum;
  }

 private:
  [[nodiscard]] Vector run(const Vector& parameters, Vector x, std::size_t begin,
                           std::size_t end) const {
    for (std::size_t l = begin; l < end; ++l) {
      const Layer& layer = layers_[l];
      Vector y(static_cast<std::size_t>(layer.outputs));
      for (Index o = 0; o < layer.outputs; ++o) {
        double z = parameters[static_cast<std::size_t>(layer.bias + o)];
        for (Index i = 0; i < layer.inputs; ++i) {
          z += parameters[static_cast<std::size_t>(layer.weight + o * layer.inputs + i)] *
               x[static_cast<std::size_t>(i)];
        }
        y[static_cast<std::size_t>(o)] = activation(layer.activation, z);
      }
      x = y;
    }
    return x;
  }

  AutoencoderSpec spec_;
  std::vector<Layer> layers_;
  std::size_t encoder_layers_ = 0;
};

/// d f / d parameters[i] by central differences.
inline double derivative(const std::function<double(const Vector&)>& f, Vector parameters,
                         std::size_t i) {
  const double h = 1e-5;
  const double middle = parameters[i];
  parameters[i] = middle + h;
  const double above = f(parameters);
  parameters[i] = middle - h;
  const double below = f(parameters);
  return (above - below) / (2 * h);
}

}  // namespace hourglass::reference
