#pragma once

#include "nn/layer.hpp"

namespace hourglass {

/// The code of a variational autoencoder (Kingma & Welling 2014), from x = (mu, ln sigma^2), rows x
/// 2d, to y, rows x d:
///   y = mu + sigma e in training, mu otherwise
/// with e standard normal, a function of (seed, epoch, sample id, unit). Backward:
///   d/dmu = dy,  d/d ln sigma^2 = dy sigma e / 2
class GaussianSample final : public Layer {
 public:
  explicit GaussianSample(Index width) : width_(width) {}

  [[nodiscard]] Index inputs() const override { return 2 * width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  /// sigma e / 2.
  [[nodiscard]] Index scratch_per_row() const override { return width_; }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index width_;
};

}  // namespace hourglass
