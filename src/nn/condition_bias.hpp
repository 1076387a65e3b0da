#pragma once

#include <string>

#include "nn/layer.hpp"

namespace hourglass {

/// y_r = x_r + sum over the conditions k of B[c_rk], B (categories x width) being trained and c_rk
/// the category of sample r (PassContext::conditions), of which unknown ones add nothing.
///
/// Behind the affine map of a dense layer, W x + b, this is the same layer with the one-hot codes
/// of the categories as further inputs, W x + W' o + b with W' = B^T, but multiplies with no zeros
/// and is the same for dense and sparse inputs. B starts at 0.
class ConditionBias final : public Layer {
 public:
  /// Adds the tensor "<name>/condition" to `layout`.
  ConditionBias(Layout& layout, const std::string& name, Index width, Index conditions,
                Index categories);

  [[nodiscard]] Index inputs() const override { return width_; }
  [[nodiscard]] Index outputs() const override { return width_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  /// Rows are added in their order: the bits do not depend on anything else.
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

 private:
  [[nodiscard]] std::span<const std::int32_t> categories_of(const PassContext& context,
                                                            Index row) const;

  Index width_;
  Index conditions_;
  Index categories_;
  Slot slot_;
  Index offset_;
};

}  // namespace hourglass
