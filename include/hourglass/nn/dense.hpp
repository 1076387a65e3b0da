#pragma once

#include "hourglass/nn/activation.hpp"
#include "hourglass/nn/layer.hpp"
#include "hourglass/param/layout.hpp"

namespace hourglass {

/// Fully connected layer y = s(x W^T + b): x rows x in, W out x in (as torch.nn.Linear), b out, y rows x out.
/// Backward: dz = dy * s'(z), dW = dz^T x, db = column sums of dz, dx = dz W.
class Dense final : public Layer {
 public:
  /// Adds "<name>/weight" (outputs x inputs) and "<name>/bias" (outputs) to the layout.
  Dense(Layout& layout, const std::string& name, Index inputs, Index outputs, Activation activation);

  [[nodiscard]] Index inputs() const override { return inputs_; }
  [[nodiscard]] Index outputs() const override { return outputs_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Index scratch_per_row() const override;
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx, float* gradient,
                std::span<float> scratch, const PassContext& context) const override;

 private:
  Index inputs_;
  Index outputs_;
  Activation activation_;
  Slot weight_;
  Slot bias_;
  Tensor weight_tensor_;
  Tensor bias_tensor_;
};

}  // namespace hourglass
