#pragma once

#include "core/layout.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// Layer normalisation of each sample on its own (Ba, Kiros & Hinton 2016). With the mean m and the
/// variance v of a row's n units:
///   u = (x - m) / sqrt(v + 1e-5),  y = gain * u + shift
/// Backward, with sums over rows:
///   g = dy * gain,  dx = (g - mean(g) - u mean(g u)) / sqrt(v + 1e-5)
///   dgain = sum dy u,  dshift = sum dy
class LayerNorm final : public Layer {
 public:
  static constexpr float epsilon = 1e-5F;

  /// Adds "<name>/gain" (starts at 1) and "<name>/shift" (starts at 0), `gains` numbers each, to
  /// the layout. Unit i has gain and shift i mod gains: one for each unit of a dense layer (gains =
  /// width), one for each channel of images H x W x C (gains = C).
  LayerNorm(Layout& layout, const std::string& name, Index width, Index gains);

  [[nodiscard]] Index inputs() const override { return width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  /// u, and 1 / sqrt(v + epsilon).
  [[nodiscard]] Index scratch_per_row() const override { return width_ + 1; }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index width_;
  Index gains_;
  Slot gain_;
  Slot shift_;
  Index gain_offset_;
  Index shift_offset_;
};

}  // namespace hourglass
