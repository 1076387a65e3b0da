#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "model/autoencoder.hpp"
#include "nn/reference.hpp"

namespace hourglass::autoencoder_test {

inline constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
inline const PassContext training{.training = true};

inline AutoencoderSpec small_spec() {
  AutoencoderSpec spec;
  spec.encoder = {9, 7, 5, 3};
  return spec;
}

/// A model with random parameters (biases too), a batch of samples in [0, 1] and a reference of it.
struct Trial {
  explicit Trial(const AutoencoderSpec& spec, Index rows_ = 5, std::uint32_t seed = 1)
      : model(spec),
        rows(rows_),
        parameters(model.layout().size()),
        gradient(model.layout().size()),
        input(rows * model.features()),
        target(rows * model.features()),
        workspace(model.make_workspace(rows + 2)) {
    std::mt19937 random(seed);
    for (const Tensor& tensor : model.layout().tensors()) {
      const double fan_in = tensor.shape.size() == 2 ? static_cast<double>(tensor.shape[1]) : 4.0;
      std::normal_distribution<float> normal(0, static_cast<float>(1.2 / std::sqrt(fan_in)));
      for (Index i = 0; i < tensor.size; ++i) parameters[tensor.offset + i] = normal(random);
    }
    std::uniform_real_distribution<float> unit(0, 1);
    for (Index i = 0; i < input.size(); ++i) target[i] = unit(random);
    for (Index i = 0; i < input.size(); ++i) input[i] = 0.8F * target[i] + 0.2F * unit(random);
    std::ranges::fill(gradient.span(), nan_value);
  }

  [[nodiscard]] ConstMatrix x() const { return {input.data(), rows, model.features()}; }
  [[nodiscard]] ConstMatrix t() const { return {target.data(), rows, model.features()}; }
  LossSums train(float scale = 1, const GradientReady& ready = {}) {
    return model.train_pass(parameters.data(), x(), t(), scale, workspace, gradient.data(),
                            training, ready);
  }
  [[nodiscard]] reference::Vector double_parameters() const {
    return {parameters.span().begin(), parameters.span().end()};
  }
  [[nodiscard]] static std::vector<reference::Vector> double_rows(ConstMatrix matrix) {
    std::vector<reference::Vector> result;
    for (Index r = 0; r < matrix.rows; ++r)
      result.emplace_back(matrix.row(r).begin(), matrix.row(r).end());
    return result;
  }

  Autoencoder model;
  Index rows;
  Buffer<float> parameters;
  Buffer<float> gradient;
  Buffer<float> input;
  Buffer<float> target;
  Workspace workspace;
};

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

inline std::vector<float> copy_of(ConstMatrix matrix) {
  std::vector<float> result;
  for (Index r = 0; r < matrix.rows; ++r)
    result.insert(result.end(), matrix.row(r).begin(), matrix.row(r).end());
  return result;
}

}  // namespace hourglass::autoencoder_test
