#include "nn/dense.hpp"

#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "math/sparse_product.hpp"
#include "math/unit_norm.hpp"
#include "nn/kronecker_factors.hpp"

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
             Activation activation, const DenseExtras& extras)
    : inputs_(inputs),
      outputs_(outputs),
      activation_(activation),
      shares_bias_(extras.bias.has_value()),
      unit_columns_(extras.unit_columns),
      weight_(layout.add(name + "/weight", {outputs, inputs})),
      bias_(shares_bias_ ? *extras.bias : layout.add(name + "/bias", {outputs})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {
  if (extras.centre) centre_.emplace(layout, *extras.centre);
}

Dense::Dense(Layout& layout, const std::string& name, Dense& other, Activation activation,
             const DenseExtras& extras)
    : inputs_(other.outputs_),
      outputs_(other.inputs_),
      activation_(activation),
      mirrors_(true),
      shares_bias_(extras.bias.has_value()),
      weight_(other.weight_),
      bias_(shares_bias_ ? *extras.bias : layout.add(name + "/bias", {outputs_})),
      weight_tensor_(other.weight_tensor_),
      bias_tensor_(layout.tensor(bias_)) {
  require(!extras.centre && !extras.unit_columns, "a mirror is no first layer and no dictionary");
  other.mirrored_ = true;
}

std::vector<TensorRole> Dense::roles() const {
  std::vector<TensorRole> roles;
  if (!mirrors_) roles.push_back({weight_, false, inputs_, outputs_, {}, !mirrored_});
  if (!shares_bias_) roles.push_back({bias_, true, inputs_, outputs_});
  if (centre_) roles.push_back({centre_->slot(), true, inputs_, outputs_});
  return roles;
}

void Dense::normalize_columns(float* parameters) const {
  hourglass::normalize_columns({parameters + weight_tensor_.offset, outputs_, inputs_});
}

Index Dense::scratch_per_row() const { return derivative_floats(1) + (centre_ ? inputs_ : 0); }

void Dense::forward(const float* parameters, ConstMatrix given, Matrix y, std::span<float> scratch,
                    const PassContext& context) const {
  const ConstMatrix x = input_of(parameters, given, scratch);
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
                     save ? derivative(scratch, y.rows) : Matrix());
}

ConstMatrix Dense::input_of(const float* parameters, ConstMatrix x,
                            std::span<float> scratch) const {
  if (!centre_) return x;
  return centre_->subtract(parameters, x,
                           scratch.subspan(static_cast<std::size_t>(derivative_floats(x.rows))));
}

void Dense::backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                     float* gradient, std::span<float> scratch, const PassContext& context) const {
  const std::span<float> bias_gradient(gradient + bias_tensor_.offset,
                                       static_cast<std::size_t>(outputs_));
  activation_backward(activation_, y, scratch.empty() ? ConstMatrix() : derivative(scratch, y.rows),
                      dy, bias_gradient);
  if (centre_) {
    const Index begin = derivative_floats(x.rows);
    multiply_back(parameters, {scratch.data() + begin, x.rows, inputs_}, dy, dx, gradient, context);
    centre_->add_gradient(bias_gradient, weight(parameters), gradient);
  } else {
    multiply_back(parameters, x, dy, dx, gradient, context);
  }
  if (unit_columns_) {
    remove_parallel_columns(weight(parameters),
                            {gradient + weight_tensor_.offset, outputs_, inputs_});
  }
}

void Dense::sum_factors(ConstMatrix x, ConstMatrix dz, std::span<float> scratch,
                        const PassContext& context) const {
  if (mirrors_ || mirrored_) return;
  const ConstMatrix input =
      centre_ ? ConstMatrix(scratch.data() + derivative_floats(x.rows), x.rows, inputs_) : x;
  sum_factor(context, weight_, FactorSide::left, FactorRole::gradients, dz, false);
  sum_factor(context, weight_, FactorSide::right, FactorRole::inputs, input, false);
}

void Dense::multiply_back(const float* parameters, ConstMatrix x, Matrix dy, Matrix dx,
                          float* gradient, const PassContext& context) const {
  const std::span<float> bias_gradient(gradient + bias_tensor_.offset,
                                       static_cast<std::size_t>(outputs_));
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
