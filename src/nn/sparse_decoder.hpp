#pragma once

#include "core/layout.hpp"
#include "core/sparse_rows.hpp"
#include "nn/activation.hpp"
#include "nn/dense.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// The first layer of a decoder of sparse codes h (PassContext::code, rows x units), with A units x
/// out (the row of a unit, its atom, is contiguous: the transpose of what Dense stores), b out:
///   y = s(h A + b)
/// Backward, touching the active units alone:
///   dz = dy * s'(z),  dL/dh = dz . A_u,  dA_u = sum of h_u dz,  db = column sums of dz
class SparseDecoder final : public Layer {
 public:
  /// Adds "<name>/weight" (units x outputs) and "<name>/bias" (outputs) to the layout.
  /// Of the extras `bias` and `unit_columns` apply, the latter to the atoms.
  SparseDecoder(Layout& layout, const std::string& name, Index units, Index outputs,
                Activation activation, const DenseExtras& extras = {});

  [[nodiscard]] Index inputs() const override { return units_; }
  [[nodiscard]] Index outputs() const override { return outputs_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override;
  [[nodiscard]] Index scratch_per_row() const override;
  /// x is not read, and dx not written: the code and its gradient are in PassContext::code.
  void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
               const PassContext& context) const override;
  void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                float* gradient, std::span<float> scratch,
                const PassContext& context) const override;

  /// y = h A, without bias and activation; with a group h lists this rank's units, and the sum is
  /// over those of all ranks.
  void multiply(const float* parameters, const SparseRows& code, Matrix y, UnitGroup* group) const;

  [[nodiscard]] Slot weight_slot() const { return weight_; }
  [[nodiscard]] UnitRows unit_rows() const { return {weight_tensor_.offset, outputs_}; }
  [[nodiscard]] Activation activation() const { return activation_; }
  /// The atoms in an arena, units x outputs.
  [[nodiscard]] ConstMatrix atoms(const float* parameters) const {
    return {parameters + weight_tensor_.offset, units_, outputs_};
  }
  [[nodiscard]] std::span<const float> bias(const float* parameters) const {
    return {parameters + bias_tensor_.offset, static_cast<std::size_t>(outputs_)};
  }

 private:
  void remove_parallel(const float* parameters, const SparseCode& code, float* gradient) const;

  Index units_;
  Index outputs_;
  Activation activation_;
  bool shares_bias_;
  bool unit_atoms_;
  Slot weight_;
  Slot bias_;
  Tensor weight_tensor_;
  Tensor bias_tensor_;
};

}  // namespace hourglass
