#pragma once

#include <string>
#include <string_view>

#include "nn/layer.hpp"

namespace hourglass {

/// Noise on activations while training.
enum class Noise {
  none,
  gaussian,  ///< h + N(0, s^2)
  /// Every unit becomes 0 with probability s, the others h / (1 - s) (Srivastava et al. 2014,
  /// inverted).
  dropout,
};

struct NoiseSpec {
  Noise kind = Noise::none;
  double strength = 0;
};

/// "none", "gaussian:0.1", "dropout:0.5".
[[nodiscard]] std::string to_string(const NoiseSpec& spec);
/// Throws Error(usage).
[[nodiscard]] NoiseSpec noise_from(std::string_view text);

/// A layer without parameters: noise in training passes, the identity otherwise. The noise is a
/// function of (seed, epoch, sample id, `number` of the layer, unit).
class NoiseLayer final : public Layer {
 public:
  NoiseLayer(Index width, NoiseSpec spec, Index number)
      : width_(width), spec_(spec), number_(number) {}

  [[nodiscard]] Index inputs() const override { return width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  /// Dropout's factors, for backward.
  [[nodiscard]] Index scratch_per_row() const override {
    return spec_.kind == Noise::dropout ? width_ : 0;
  }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index width_;
  NoiseSpec spec_;
  Index number_;
};

}  // namespace hourglass
