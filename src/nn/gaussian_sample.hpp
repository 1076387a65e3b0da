#pragma once

#include <algorithm>

#include "nn/layer.hpp"

namespace hourglass {

/// The logarithm of a posterior's variance is bounded, so that a wild update or sample cannot make
/// sigma overflow: sigma lies between e^-10 (4.5e-5) and e^10 (2.2e4). Beyond the bounds the
/// derivative with respect to it is 0.
inline constexpr float lowest_log_variance = -20;
inline constexpr float highest_log_variance = 20;
/// Clamped to the bounds; a NaN stays one.
[[nodiscard]] inline float bounded_log_variance(float value) {
  return std::clamp(value, lowest_log_variance, highest_log_variance);
}
/// Whether the bounds change nothing.
[[nodiscard]] inline bool is_bounded_log_variance(float value) {
  return !(value < lowest_log_variance) && !(value > highest_log_variance);
}

/// The code of a variational autoencoder (Kingma & Welling 2014), from x = (mu, ln sigma^2), rows x
/// 2d, to y, rows x d:
///   y = mu + sigma e in training, mu otherwise
/// with sigma from the bounded ln sigma^2 and e standard normal, a function of (seed, epoch, sample
/// id, unit). Backward:
///   d/dmu = dy,  d/d ln sigma^2 = dy sigma e / 2, or 0 beyond the bounds
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
