#include "hourglass/nn/dense.hpp"

#include "hourglass/math/blas.hpp"

namespace hourglass {

Dense::Dense(Layout& layout, const std::string& name, Index inputs, Index outputs, Activation activation)
    : inputs_(inputs),
      outputs_(outputs),
      activation_(activation),
      weight_(layout.add(name + "/weight", {outputs, inputs})),
      bias_(layout.add(name + "/bias", {outputs})),
      weight_tensor_(layout.tensor(weight_)),
      bias_tensor_(layout.tensor(bias_)) {}

std::vector<TensorRole> Dense::roles() const { return {{weight_, false, inputs_, outputs_}, {bias_, true, inputs_, outputs_}}; }

Index Dense::scratch_per_row() const { return saves_derivative(activation_) ? outputs_ : 0; }

void Dense::forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
                    const PassContext& context) const {
  const ConstMatrix weight(parameters + weight_tensor_.offset, outputs_, inputs_);
  gemm(false, true, x, weight, 0, y);
  const std::span<const float> bias(parameters + bias_tensor_.offset, static_cast<std::size_t>(outputs_));
  const bool save = context.training && !scratch.empty();
  activation_forward(activation_, bias, y, save ? Matrix(scratch.data(), y.rows, outputs_) : Matrix());
}

void Dense::backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx, float* gradient,
                     std::span<float> scratch, const PassContext& /*context*/) const {
  const ConstMatrix derivative = scratch.empty() ? ConstMatrix() : ConstMatrix(scratch.data(), y.rows, outputs_);
  activation_backward(activation_, y, derivative, dy, {gradient + bias_tensor_.offset, static_cast<std::size_t>(outputs_)});
  gemm(true, false, dy, x, 0, Matrix(gradient + weight_tensor_.offset, outputs_, inputs_));
  if (!dx.empty()) gemm(false, false, dy, ConstMatrix(parameters + weight_tensor_.offset, outputs_, inputs_), 0, dx);
}

}  // namespace hourglass
