#include "nn/activation_layer.hpp"

#include <algorithm>

namespace hourglass {

void ActivationLayer::forward(const float* /*parameters*/, ConstMatrix x, Matrix y,
                              std::span<float> scratch, const PassContext& context) const {
  for (Index r = 0; r < x.rows; ++r) std::ranges::copy(x.row(r), y.row(r).begin());
  const bool save = context.training && !scratch.empty();
  activation_forward(activation_, {}, y, save ? Matrix(scratch.data(), y.rows, width_) : Matrix());
}

void ActivationLayer::backward(const float* /*parameters*/, ConstMatrix /*x*/, ConstMatrix y,
                               Matrix dy, Matrix dx, float* /*gradient*/, std::span<float> scratch,
                               const PassContext& /*context*/) const {
  if (dx.empty()) return;
  const ConstMatrix derivative =
      scratch.empty() ? ConstMatrix() : ConstMatrix(scratch.data(), y.rows, width_);
  activation_backward(activation_, y, derivative, dy, {});
  for (Index r = 0; r < dy.rows; ++r) std::ranges::copy(dy.row(r), dx.row(r).begin());
}

}  // namespace hourglass
