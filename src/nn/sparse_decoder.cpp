#include "nn/sparse_decoder.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "math/code_product.hpp"
#include "nn/sparse_code.hpp"
#include "nn/unit_group.hpp"

namespace hourglass {

SparseDecoder::SparseDecoder(Layout& layout, const std::string& name, Index units, Index outputs,
                             Activation activation, const DenseExtras& extras)
    : units_(units),
      outputs_(outputs),
      activation_(activation),
      shares_bias_(extras.bias.has_value()),
      unit_atoms_(extras.unit_columns),
      weight_(layout.add(name + "/weight", {units, outputs})),
      bias_(shares_bias_ ? *extras.bias : layout.add(name + "/bias", {outputs})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {}

std::vector<TensorRole> SparseDecoder::roles() const {
  std::vector<TensorRole> roles{{weight_, false, units_, outputs_}};
  if (!shares_bias_) roles.push_back({bias_, true, units_, outputs_});
  return roles;
}

Index SparseDecoder::scratch_per_row() const {
  return saves_derivative(activation_) ? outputs_ : 0;
}

void SparseDecoder::forward(const float* parameters, ConstMatrix /*x*/, Matrix y,
                            std::span<float> scratch, const PassContext& context) const {
  require(context.code != nullptr && context.code->rows() == y.rows,
          "a decoder of sparse codes without a code");
  multiply(parameters, context.code->view(), y, context.unit_group);
  const bool save = context.training && !scratch.empty();
  activation_forward(activation_, bias(parameters), y,
                     save ? Matrix(scratch.data(), y.rows, outputs_) : Matrix());
}

void SparseDecoder::multiply(const float* parameters, const SparseRows& code, Matrix y,
                             UnitGroup* group) const {
  if (group == nullptr) {
    multiply_code(code, atoms(parameters), y);
    return;
  }
  group->sum_over_units(y, [&](Range rows, bool first) {
    for (Index r = rows.begin; first && r < rows.end; ++r) std::ranges::fill(y.row(r), 0.0F);
    add_code(code, atoms(parameters), rows, y);
  });
}

void SparseDecoder::backward(const float* parameters, ConstMatrix /*x*/, ConstMatrix y, Matrix dy,
                             Matrix /*dx*/, float* gradient, std::span<float> scratch,
                             const PassContext& context) const {
  const ConstMatrix derivative =
      scratch.empty() ? ConstMatrix() : ConstMatrix(scratch.data(), y.rows, outputs_);
  activation_backward(activation_, y, derivative, dy,
                      {gradient + bias_tensor_.offset, static_cast<std::size_t>(outputs_)});
  SparseCode& code = *context.code;
  code.sort_by_unit();
  const bool stacked = !context.stacked_gradient.empty();
  const ConstMatrix dz = stacked ? context.stacked_gradient : ConstMatrix(dy);
  require(!stacked || derivative.empty(), "parts of a code behind a non-linear layer");
  code_gradients(code.by_unit(), code.view().values, atoms(parameters), dz, code.gradients(),
                 Matrix(gradient + weight_tensor_.offset, units_, outputs_),
                 context.active_rows != nullptr);
  if (unit_atoms_) remove_parallel(parameters, code, gradient);
}

// dA_u . A_u is the sum of h dL/dh over the elements of unit u: no further products are needed.
void SparseDecoder::remove_parallel(const float* parameters, const SparseCode& code,
                                    float* gradient) const {
  const UnitElements elements = code.by_unit();
  const std::span<const float> values = code.view().values;
  const std::span<const float> gradients = code.gradient_view().values;
  for (Index u = 0; u < units_; ++u) {
    const auto at = static_cast<std::size_t>(u);
    if (elements.starts[at] == elements.starts[at + 1]) continue;
    double along = 0;
    for (std::int32_t e = elements.starts[at]; e < elements.starts[at + 1]; ++e) {
      const auto place = static_cast<std::size_t>(elements.places[static_cast<std::size_t>(e)]);
      along += static_cast<double>(values[place]) * static_cast<double>(gradients[place]);
    }
    const auto part = static_cast<float>(along);
    const float* const atom = parameters + weight_tensor_.offset + u * outputs_;
    float* const row = gradient + weight_tensor_.offset + u * outputs_;
    for (Index c = 0; c < outputs_; ++c) row[c] -= part * atom[c];
  }
}

}  // namespace hourglass
