#pragma once

#include <string>

#include "core/layout.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// Dispersions that belong to the features alone (nn/count_loss.hpp), put between the outputs of a
/// network as a further output: of D features
///   [means]            -> [means | t]
///   [means | dropouts] -> [means | t | dropouts]
/// with the parameters t (D), the same in every row. Their gradient is the column sum of that of
/// the outputs.
class GeneDispersion final : public Layer {
 public:
  /// Adds the tensor `name` (D) to the layout. `outputs` is 2 or 3 times D.
  GeneDispersion(Layout& layout, const std::string& name, Index features, Index outputs);

  [[nodiscard]] Index inputs() const override { return outputs_ - features_; }
  [[nodiscard]] Index outputs() const override { return outputs_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  Index features_;
  Index outputs_;
  Slot slot_;
  Index offset_;
};

}  // namespace hourglass
