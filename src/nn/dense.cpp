#include "nn/dense.hpp"

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "math/sparse_product.hpp"

namespace hourglass {

namespace {

// A matrix rounded into the first or second half of the pass's scratch.
ConstBfloat16Matrix rounded(ConstMatrix matrix, const PassContext& context, int half) {
  Bfloat16* to = context.bfloat16_scratch.data() +
                 static_cast<std::size_t>(half) * context.bfloat16_scratch.size() / 2;
  for (Index r = 0; r < matrix.rows; ++r) {
    convert_to_bfloat16(matrix.data + r * matrix.stride, to + r * matrix.columns, matrix.columns);
  }
  return {to, matrix.rows, matrix.columns};
}

}  // namespace

Dense::Dense(Layout& layout, const std::string& name, Index inputs, Index outputs,
             Activation activation)
    : inputs_(inputs),
      outputs_(outputs),
      activation_(activation),
      weight_(layout.add(name + "/weight", {outputs, inputs})),
      bias_(layout.add(name + "/bias", {outputs})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {}

Dense::Dense(Layout& layout, const std::string& name, Dense& other, Activation activation)
    : inputs_(other.outputs_),
      outputs_(other.inputs_),
      activation_(activation),
      mirrors_(true),
      weight_(other.weight_),
      bias_(layout.add(name + "/bias", {outputs_})),
      weight_tensor_(other.weight_tensor_),
      bias_tensor_(layout.tensor(bias_)) {
  other.mirrored_ = true;
}

std::vector<TensorRole> Dense::roles() const {
  const TensorRole bias{bias_, true, inputs_, outputs_};
  if (mirrors_) return {bias};
  return {{weight_, false, inputs_, outputs_}, bias};
}

Index Dense::scratch_per_row() const { return saves_derivative(activation_) ? outputs_ : 0; }

void Dense::forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
                    const PassContext& context) const {
  const float* weight = parameters + weight_tensor_.offset;
  if (context.sparse_input != nullptr && !mirrors_) {
    multiply_sparse(*context.sparse_input, ConstMatrix(weight, outputs_, inputs_), y);
  } else if (context.bfloat16_parameters != nullptr) {
    gemm_bfloat16(false, !mirrors_, rounded(x, context, 0),
                  stored_weight(context.bfloat16_parameters), 0, y);
  } else if (mirrors_) {
    gemm(false, false, x, ConstMatrix(weight, inputs_, outputs_), 0, y);
  } else {
    gemm(false, true, x, ConstMatrix(weight, outputs_, inputs_), 0, y);
  }
  const bool save = context.training && !scratch.empty();
  activation_forward(activation_, bias(parameters), y,
                     save ? Matrix(scratch.data(), y.rows, outputs_) : Matrix());
}

void Dense::backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                     float* gradient, std::span<float> scratch, const PassContext& context) const {
  const ConstMatrix derivative =
      scratch.empty() ? ConstMatrix() : ConstMatrix(scratch.data(), y.rows, outputs_);
  const std::span<float> bias_gradient(gradient + bias_tensor_.offset,
                                       static_cast<std::size_t>(outputs_));
  activation_backward(activation_, y, derivative, dy, bias_gradient);
  float* weight_gradient = gradient + weight_tensor_.offset;
  const float* weight = parameters + weight_tensor_.offset;
  if (context.sparse_input != nullptr && !mirrors_) {
    require(context.second_order.empty() && dx.empty(), "sparse rows where dense ones are needed");
    multiply_transposed_sparse(dy, *context.sparse_input, mirrored_,
                               Matrix(weight_gradient, outputs_, inputs_));
    return;
  }
  if (context.bfloat16_parameters != nullptr) {
    backward_in_bfloat16(parameters, x, dy, dx, gradient, context);
    return;
  }
  if (mirrors_) {
    gemm(true, false, x, dy, 0, Matrix(weight_gradient, inputs_, outputs_));
    if (!dx.empty()) gemm(false, true, dy, ConstMatrix(weight, inputs_, outputs_), 0, dx);
    return;
  }
  if (!context.second_order.empty())
    add_second_order(context.second_order.front(), dy, bias_gradient);
  gemm(true, false, dy, x, mirrored_ ? 1.0F : 0.0F, Matrix(weight_gradient, outputs_, inputs_));
  if (!context.second_order.empty()) {
    add_products(context.second_order.front(), parameters,
                 Matrix(weight_gradient, outputs_, inputs_));
  }
  if (!dx.empty()) gemm(false, false, dy, ConstMatrix(weight, outputs_, inputs_), 0, dx);
}

void Dense::backward_in_bfloat16(const float* parameters, ConstMatrix x, Matrix dy, Matrix dx,
                                 float* gradient, const PassContext& context) const {
  const bool penalized = !context.second_order.empty();
  if (penalized && !mirrors_) {
    add_second_order(context.second_order.front(), dy,
                     {gradient + bias_tensor_.offset, static_cast<std::size_t>(outputs_)});
  }
  const ConstBfloat16Matrix input = rounded(x, context, 0);
  const ConstBfloat16Matrix dz = rounded(dy, context, 1);
  float* weight_gradient = gradient + weight_tensor_.offset;
  if (mirrors_) {
    gemm_bfloat16(true, false, input, dz, 0, Matrix(weight_gradient, inputs_, outputs_));
  } else {
    const Matrix dw(weight_gradient, outputs_, inputs_);
    gemm_bfloat16(true, false, dz, input, mirrored_ ? 1.0F : 0.0F, dw);
    // Products of penalties stay in fp32: they are few, and small differences matter to them.
    if (penalized) add_products(context.second_order.front(), parameters, dw);
  }
  if (!dx.empty())
    gemm_bfloat16(false, mirrors_, dz, stored_weight(context.bfloat16_parameters), 0, dx);
}

void Dense::add_second_order(const SecondOrderTerms& terms, Matrix dz,
                             std::span<float> bias_gradient) const {
  const auto add_to_bias = [&](ConstMatrix matrix) {
    for (Index r = 0; r < matrix.rows; ++r) {
      for (Index c = 0; c < outputs_; ++c)
        bias_gradient[static_cast<std::size_t>(c)] += matrix(r, c);
    }
  };
  if (!terms.pre_activation.empty()) {
    for (Index r = 0; r < dz.rows; ++r) {
      for (Index c = 0; c < outputs_; ++c) dz(r, c) += terms.pre_activation(r, c);
    }
    add_to_bias(terms.pre_activation);
  }
  for (const ConstMatrix& rows : terms.bias) add_to_bias(rows);
}

void Dense::add_products(const SecondOrderTerms& terms, const float* parameters,
                         Matrix weight_gradient) const {
  for (const auto& [left, right] : terms.products)
    gemm(true, false, left, right, 1.0F, weight_gradient);
  if (terms.row_factors.empty()) return;
  const ConstMatrix weight = this->weight(parameters);
  for (Index r = 0; r < outputs_; ++r) {
    const float factor = terms.row_factors[static_cast<std::size_t>(r)];
    for (Index c = 0; c < inputs_; ++c) weight_gradient(r, c) += factor * weight(r, c);
  }
}

}  // namespace hourglass
