#pragma once

#include <optional>

#include "core/layout.hpp"
#include "math/code_product.hpp"
#include "nn/centre.hpp"
#include "nn/layer.hpp"
#include "nn/selection.hpp"
#include "nn/unit_selection.hpp"

namespace hourglass {

/// The last layer of an encoder with sparse codes: x rows x in, W units x in, b units,
///   z = x W^T + b,  h = the active units of z by a selection (nn/selection.hpp)
/// The product is dense; from the selection on only active units are touched. h goes into
/// PassContext::code, and `y` (rows x units) is left with the products x W^T. Backward takes
/// dL/dh of the active units from there:
///   dz = dL/dh at active units, else 0,  dW = dz^T x,  db = column sums of dz,  dx = dz W
/// Rows of the code beyond those of x are further parts of the same samples, in their order
/// (PassContext::stacked_gradient); dx is not computed then.
/// jump_relu has thresholds theta = exp(t), t (units) a tensor; with u = (z - theta) / width, K(u)
/// = 1 for |u| < 1/2, and the weight l of the penalty l |h|_0 (straight-through, Rajamanoharan et
/// al. 2024b):
///   dL/dtheta_j = -sum over rows of K(u) (theta_j dL/dh_j + l) / width,  dL/dt = theta dL/dtheta
/// batch_top_k has a threshold (1 number) above which units are active outside of training: the
/// running mean of the smallest active value of a global batch, see follow().
/// gated (Rajamanoharan et al. 2024a) has the gate z, open where z > 0, and where it is open
///   h = relu(m),  m = exp(r) * (x W^T) + c,  r, c (units) tensors
/// dL/dz comes from SparseCode::gate_gradients(), dL/dm from dL/dh where m > 0, and
///   d(x W^T) = dL/dz + exp(r) * dL/dm
/// With PassContext::unit_group the products, the code and the gradients are those of this rank's
/// units; `y` begins with the products, rows x own units.
class SparseEncoder final : public Layer {
 public:
  /// Adds "<name>/weight" (units x inputs), "<name>/bias" (units) and, for jump_relu,
  /// "<name>/log_threshold" (units), for batch_top_k "<name>/threshold" (1), for gated
  /// "<name>/log_magnitude" and "<name>/magnitude_bias" (units) to the layout. With `centre` x is
  /// replaced by x - b for this tensor b (nn/centre.hpp).
  SparseEncoder(Layout& layout, const std::string& name, Index inputs, Index units,
                const SelectionSpec& selection, std::optional<Slot> centre = {});

  [[nodiscard]] Index inputs() const override { return inputs_; }
  [[nodiscard]] Index outputs() const override { return units_; }
  [[nodiscard]] bool gives_sparse_code() const override { return true; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  /// The centred input.
  [[nodiscard]] Index scratch_per_row() const override { return centre_ ? inputs_ : 0; }
  [[nodiscard]] Index fixed_scratch() const override;
  [[nodiscard]] double flops_per_row() const override {
    return 2.0 * static_cast<double>(inputs_) * static_cast<double>(units_);
  }
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

  /// The tensors with a row or a number for each unit.
  [[nodiscard]] std::vector<UnitRows> unit_rows() const;
  [[nodiscard]] Slot weight_slot() const { return weight_; }
  [[nodiscard]] Slot bias_slot() const { return bias_; }
  [[nodiscard]] const SelectionSpec& selection() const { return selection_; }
  /// batch_top_k: K times the samples of the global batch, in a training pass.
  [[nodiscard]] Index batch_count(const PassContext& context, Index rows) const;
  /// batch_top_k: takes the smallest active value of a batch into the threshold, 0.999 t + 0.001 s;
  /// the first one is the threshold.
  void follow(float smallest, float* parameters) const;
  /// The weight in an arena, units x inputs.
  [[nodiscard]] ConstMatrix weight(const float* parameters) const {
    return {parameters + weight_tensor_.offset, units_, inputs_};
  }
  [[nodiscard]] std::span<const float> bias(const float* parameters) const {
    return {parameters + bias_tensor_.offset, static_cast<std::size_t>(units_)};
  }

 private:
  [[nodiscard]] bool is(Selection kind) const { return selection_.kind == kind; }
  [[nodiscard]] Index training_k(const PassContext& context) const;
  // x, or x - b in scratch memory.
  [[nodiscard]] ConstMatrix input_of(const float* parameters, ConstMatrix x,
                                     std::span<float> scratch) const;
  // Of products of the input and the weight rounded to bfloat16: the product of unit u and a row of
  // norm n differs from the exact one by at most n errors[u] + offset. No input: they are exact.
  struct Rounded {
    ConstMatrix input;
    std::span<const float> errors;
    float offset = 0;
  };
  [[nodiscard]] Rounded multiply_rounded(const float* parameters, ConstMatrix x, Matrix y,
                                         std::span<float> errors, const PassContext& context) const;
  // `own`: the units of the products.
  void select(const float* parameters, const Rounded& rounded, ConstMatrix products, Range own,
              std::span<float> scratch, const PassContext& context) const;
  void for_rows(const float* parameters, const Rounded& rounded, ConstMatrix products,
                FunctionRef<void(Index row, const Inexact* inexact)> select_row) const;
  // `first`: the unit that the code lists as 0.
  void open_gates(const float* parameters, Index first, SparseCode& code) const;
  void threshold_gradients(const float* parameters, float* gradient,
                           const PassContext& context) const;
  void gate_gradients(const float* parameters, float* gradient, const PassContext& context) const;
  void bias_gradients(const UnitElements& elements, std::span<const float> gradients,
                      float* to) const;

  Index inputs_;
  Index units_;
  SelectionSpec selection_;
  Slot weight_;
  Slot bias_;
  Slot threshold_ = -1;
  Slot magnitude_ = -1;
  Slot magnitude_bias_ = -1;
  Tensor weight_tensor_;
  Tensor bias_tensor_;
  Tensor threshold_tensor_;  // jump_relu: units; batch_top_k: 1
  Tensor magnitude_tensor_;
  Tensor magnitude_bias_tensor_;
  std::optional<Centre> centre_;
};

}  // namespace hourglass
