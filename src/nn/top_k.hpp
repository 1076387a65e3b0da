#pragma once

#include "nn/layer.hpp"

namespace hourglass {

/// k-sparse units (Makhzani & Frey 2013): the k largest units of each sample keep their values, the
/// others become 0; the gradient passes on that support only. Of equal values the unit of lower
/// number wins. Training keeps `training_k`, other passes `k` (the paper's alpha k).
class TopK final : public Layer {
 public:
  TopK(Index width, Index training_k, Index k) : width_(width), training_k_(training_k), k_(k) {}

  [[nodiscard]] Index inputs() const override { return width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  /// The support as ones and zeros; before that, the values to select from.
  [[nodiscard]] Index scratch_per_row() const override { return width_; }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index width_;
  Index training_k_;
  Index k_;
};

}  // namespace hourglass
