#pragma once

#include <optional>

#include "core/layout.hpp"
#include "nn/activation.hpp"
#include "nn/centre.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// What a dense layer does besides; nothing by default.
struct DenseExtras {
  /// x is replaced by x - b for this tensor b (nn/centre.hpp), which is in the layer's roles().
  std::optional<Slot> centre = {};
  /// The bias is that tensor b of the network's first layer, in whose roles() it is.
  std::optional<Slot> bias = {};
  /// The columns of W have norm 1: of their gradient the part along each is removed
  /// (math/unit_norm.hpp).
  bool unit_columns = false;
};

/// A fully connected layer, with x rows x in, W out x in (as torch.nn.Linear), b out, y rows x out:
///   y = s(x W^T + b)
/// Backward:
///   dz = dy * s'(z),  dW = dz^T x,  db = column sums of dz,  dx = dz W
/// With PassContext::sparse_input these are the rows x, of which only the elements that are not
/// zero are multiplied, in single precision (math/sparse_product.hpp); dx is not computed then.
class Dense final : public Layer {
 public:
  /// Adds "<name>/weight" (outputs x inputs) and "<name>/bias" (outputs) to the layout.
  Dense(Layout& layout, const std::string& name, Index inputs, Index outputs, Activation activation,
        const DenseExtras& extras = {});
  /// The mirror of `other` with tied weights: y = s(x V + b), V being the weight of `other` (its
  /// outputs x its inputs), which belongs to `other` and collects the gradient of both. Adds
  /// "<name>/bias" only.
  Dense(Layout& layout, const std::string& name, Dense& other, Activation activation,
        const DenseExtras& extras = {});

  [[nodiscard]] Index inputs() const override { return inputs_; }
  [[nodiscard]] Index outputs() const override { return outputs_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Index scratch_per_row() const override;
  [[nodiscard]] double flops_per_row() const override {
    return 2.0 * static_cast<double>(inputs_) * static_cast<double>(outputs_);
  }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

  void sum_factors(ConstMatrix x, ConstMatrix dz, std::span<float> scratch,
                   const PassContext& context) const override;

  [[nodiscard]] Activation activation() const { return activation_; }
  /// The weight in an arena, outputs x inputs. Not for a tied mirror.
  [[nodiscard]] ConstMatrix weight(const float* parameters) const {
    return {parameters + weight_tensor_.offset, outputs_, inputs_};
  }
  [[nodiscard]] std::span<const float> bias(const float* parameters) const {
    return {parameters + bias_tensor_.offset, static_cast<std::size_t>(outputs_)};
  }
  /// Scales the weight's columns to norm 1, except those that are 0.
  void normalize_columns(float* parameters) const;
  /// The weight's slot; of a tied mirror, the other layer's.
  [[nodiscard]] Slot weight_slot() const { return weight_; }

 private:
  // The weight as it is stored in an arena: a tied mirror uses another layer's.
  [[nodiscard]] MatrixView<const Bfloat16> stored_weight(const Bfloat16* parameters) const {
    return {parameters + weight_tensor_.offset, mirrors_ ? inputs_ : outputs_,
            mirrors_ ? outputs_ : inputs_};
  }
  // Of a pass's scratch memory: the saved derivative, then the centred input.
  [[nodiscard]] Index derivative_floats(Index rows) const {
    return saves_derivative(activation_) ? rows * outputs_ : 0;
  }
  [[nodiscard]] Matrix derivative(std::span<float> scratch, Index rows) const {
    return derivative_floats(rows) == 0 ? Matrix() : Matrix(scratch.data(), rows, outputs_);
  }
  // x - b, in scratch memory, or x.
  [[nodiscard]] ConstMatrix input_of(const float* parameters, ConstMatrix x,
                                     std::span<float> scratch) const;
  void multiply_back(const float* parameters, ConstMatrix x, Matrix dy, Matrix dx, float* gradient,
                     const PassContext& context) const;
  void backward_in_bfloat16(const float* parameters, ConstMatrix x, Matrix dy, Matrix dx,
                            float* gradient, const PassContext& context) const;
  void add_second_order(const SecondOrderTerms& terms, Matrix dz,
                        std::span<float> bias_gradient) const;
  void add_products(const SecondOrderTerms& terms, const float* parameters,
                    Matrix weight_gradient) const;

  Index inputs_;
  Index outputs_;
  Activation activation_;
  bool mirrors_ = false;   // the weight is another layer's, used transposed
  bool mirrored_ = false;  // another layer shares this weight; its backward pass comes first
  bool shares_bias_ = false;
  bool unit_columns_ = false;
  Slot weight_;
  Slot bias_;
  Tensor weight_tensor_;
  Tensor bias_tensor_;
  std::optional<Centre> centre_;
};

}  // namespace hourglass
