#pragma once

#include "nn/activation.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// y = s(x) alone, where normalisation or noise separates a layer's affine map from its
/// non-linearity.
class ActivationLayer final : public Layer {
 public:
  ActivationLayer(Index width, Activation activation) : width_(width), activation_(activation) {}

  [[nodiscard]] Activation activation() const { return activation_; }
  [[nodiscard]] Index inputs() const override { return width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  [[nodiscard]] Index scratch_per_row() const override {
    return saves_derivative(activation_) ? width_ : 0;
  }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index width_;
  Activation activation_;
};

}  // namespace hourglass
