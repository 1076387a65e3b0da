#include "nn/sparse_decoder.hpp"

#include "hourglass/core/error.hpp"
#include "math/code_product.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

SparseDecoder::SparseDecoder(Layout& layout, const std::string& name, Index units, Index outputs,
                             Activation activation)
    : units_(units),
      outputs_(outputs),
      activation_(activation),
      weight_(layout.add(name + "/weight", {units, outputs})),
      bias_(layout.add(name + "/bias", {outputs})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {}

std::vector<TensorRole> SparseDecoder::roles() const {
  return {{weight_, false, units_, outputs_}, {bias_, true, units_, outputs_}};
}

Index SparseDecoder::scratch_per_row() const {
  return saves_derivative(activation_) ? outputs_ : 0;
}

void SparseDecoder::forward(const float* parameters, ConstMatrix /*x*/, Matrix y,
                            std::span<float> scratch, const PassContext& context) const {
  require(context.code != nullptr && context.code->rows() == y.rows,
          "a decoder of sparse codes without a code");
  multiply_code(context.code->view(), atoms(parameters), y);
  const bool save = context.training && !scratch.empty();
  activation_forward(activation_, bias(parameters), y,
                     save ? Matrix(scratch.data(), y.rows, outputs_) : Matrix());
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
  code_gradients(code.by_unit(), code.view().values, atoms(parameters), dy, code.gradients(),
                 Matrix(gradient + weight_tensor_.offset, units_, outputs_));
}

}  // namespace hourglass
