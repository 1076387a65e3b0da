#include "model/jacobian_pass.hpp"

#include <algorithm>

#include "math/blas.hpp"
#include "nn/activation_kernels.hpp"

namespace hourglass {

Index JacobianPass::scratch_floats(Layers layers, Index rows, Index probes) {
  const auto part = ScratchArena::floats_of;
  const auto count = static_cast<Index>(layers.size());
  const Index stacked = rows * probes;
  const Index inputs = layers.front()->inputs();
  Index floats = 2 * part(stacked, inputs) + part(rows, inputs) +
                 2 * ScratchArena::floats_of_array<ConstMatrix>(count) +
                 6 * ScratchArena::floats_of_array<Matrix>(count);
  for (const Dense* layer : layers)
    floats += 6 * part(rows, layer->outputs()) + 3 * part(stacked, layer->outputs());
  return floats;
}

JacobianPass::JacobianPass(Layers layers, const float* parameters, ConstMatrix x,
                           Workspace& activations, ScratchArena& arena)
    : layers_(layers), parameters_(parameters), x_(x), arena_(arena) {
  allocate_arrays();
  for (std::size_t l = 0; l < layers_.size(); ++l)
    outputs_[l] = activations.output(static_cast<Index>(l), x.rows);
  differentiate_activations();
}

JacobianPass::JacobianPass(Layers layers, const float* parameters, ConstMatrix x,
                           ScratchArena& arena)
    : layers_(layers), parameters_(parameters), x_(x), arena_(arena) {
  allocate_arrays();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Dense& layer = *layers_[l];
    const Matrix y = arena_.allocate(x.rows, layer.outputs());
    gemm(false, true, layer_input(l), layer.weight(parameters), 0, y);
    activation_forward(layer.activation(), layer.bias(parameters), y, {});
    outputs_[l] = y;
  }
  differentiate_activations();
}

void JacobianPass::allocate_arrays() {
  const auto count = static_cast<Index>(layers_.size());
  for (auto* const array : {&outputs_, &upper_}) *array = arena_.allocate_array<ConstMatrix>(count);
  for (auto* const array : {&slopes_, &curvatures_, &r_, &q_, &a_, &dz_})
    *array = arena_.allocate_array<Matrix>(count);
}

void JacobianPass::differentiate_activations() {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Dense& layer = *layers_[l];
    slopes_[l] = arena_.allocate(x_.rows, layer.outputs());
    curvatures_[l] = arena_.allocate(x_.rows, layer.outputs());
    Matrix z;
    if (saves_derivative(layer.activation())) {
      z = arena_.allocate(x_.rows, layer.outputs());
      gemm(false, true, layer_input(l), layer.weight(parameters_), 0, z);
      activation_forward(Activation::linear, layer.bias(parameters_), z, {});
    }
    slopes_and_curvatures(layer.activation(), outputs_[l], z, slopes_[l], curvatures_[l]);
  }
}

void JacobianPass::reverse(ConstMatrix probes) {
  ConstMatrix r = probes;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Dense& layer = *layers_[l];
    upper_[l] = r;
    const Matrix q = arena_.allocate(r.rows, layer.outputs());
    for (Index i = 0; i < r.rows; ++i) {
      const float* slope = slopes_[l].row(i % x_.rows).data();
      for (Index c = 0; c < r.columns; ++c) q(i, c) = r(i, c) * slope[c];
    }
    q_[l] = q;
    r_[l] = arena_.allocate(r.rows, layer.inputs());
    gemm(false, false, q, layer.weight(parameters_), 0, r_[l]);
    r = r_[l];
  }
}

void JacobianPass::adjoint(Matrix seed) {
  Matrix a = seed;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Dense& layer = *layers_[l];
    a_[l] = a;
    const Matrix b = arena_.allocate(a.rows, layer.outputs());
    gemm(false, true, a, layer.weight(parameters_), 0, b);
    const Matrix dz = arena_.allocate(x_.rows, layer.outputs());
    for (Index i = 0; i < x_.rows; ++i) std::ranges::fill(dz.row(i), 0.0F);
    const ConstMatrix r = upper_[l];
    const Matrix slopes = slopes_[l];
    const Matrix curvatures = curvatures_[l];
    for (Index i = 0; i < b.rows; ++i) {
      const Index sample = i % x_.rows;
      for (Index c = 0; c < b.columns; ++c) {
        dz(sample, c) += b(i, c) * r(i, c) * curvatures(sample, c);
        b(i, c) *= slopes(sample, c);
      }
    }
    dz_[l] = dz;
    a = b;
  }
}

void slopes_and_curvatures(Activation activation, ConstMatrix y, ConstMatrix z, Matrix slopes,
                           Matrix curvatures) {
  kernel::dispatch(activation, [&](auto kernel) {
    using Kernel = decltype(kernel);
    for (Index r = 0; r < y.rows; ++r) {
      for (Index c = 0; c < y.columns; ++c) {
        if constexpr (Kernel::saves) {
          slopes(r, c) = Kernel::both(z(r, c)).slope;
          curvatures(r, c) = Kernel::curvature(z(r, c));
        } else {
          slopes(r, c) = Kernel::slope(y(r, c));
          curvatures(r, c) = Kernel::curvature(y(r, c));
        }
      }
    }
  });
}

}  // namespace hourglass
