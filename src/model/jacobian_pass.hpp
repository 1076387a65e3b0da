#pragma once

#include <span>

#include "core/scratch_arena.hpp"
#include "nn/dense.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// An encoder of dense layers at one micro-batch x (rows x inputs) and its Jacobian J = dh/dx. With
/// v a row vector over code units, one reverse pass
///   r_L = v,  q_l = r_l s'(z_l),  r_(l-1) = q_l W_l
/// gives r_0 = v J. Differentiating a function of r_0 through that pass, from the bottom up:
///   a_0 = its derivative by r_0,  b_l = a_(l-1) W_l^T,  dz_l = b_l r_l s''(z_l),  a_l = b_l
///   s'(z_l)
/// with the weight's derivative q_l^T a_(l-1). Layers count from 0 here: q[l], a[l] (the a_(l-1)
/// above) and dz[l] belong to layer l, whose inputs have r[l] and outputs r[l + 1]. Several vectors
/// per sample are blocks of rows: row i belongs to sample i mod rows. All memory is the arena's.
class JacobianPass {
 public:
  using Layers = std::span<const Dense* const>;

  /// Floats of the arena that a pass over `rows` samples with `probes` vectors each takes, seed
  /// and perturbed input included.
  [[nodiscard]] static Index scratch_floats(Layers layers, Index rows, Index probes);

  /// From the outputs of the layers for x, as the forward pass left them in `activations`.
  /// `layers`, `parameters` and `arena` outlive the pass.
  JacobianPass(Layers layers, const float* parameters, ConstMatrix x, Workspace& activations,
               ScratchArena& arena);
  /// With a forward pass of its own.
  JacobianPass(Layers layers, const float* parameters, ConstMatrix x, ScratchArena& arena);

  /// The reverse pass from `probes`, v (k rows x outputs).
  void reverse(ConstMatrix probes);
  /// The adjoint pass from `seed`, the derivative by r[0] (k rows x inputs), after reverse().
  void adjoint(Matrix seed);

  [[nodiscard]] ConstMatrix x() const { return x_; }
  [[nodiscard]] ConstMatrix layer_input(std::size_t l) const {
    return l == 0 ? x_ : outputs_[l - 1];
  }
  [[nodiscard]] Matrix slopes(std::size_t l) const { return slopes_[l]; }          ///< s'(z)
  [[nodiscard]] Matrix curvatures(std::size_t l) const { return curvatures_[l]; }  ///< s''(z)
  [[nodiscard]] Matrix q(std::size_t l) const { return q_[l]; }
  [[nodiscard]] Matrix a(std::size_t l) const { return a_[l]; }
  [[nodiscard]] Matrix dz(std::size_t l) const { return dz_[l]; }
  /// v J.
  [[nodiscard]] Matrix product() const { return r_[0]; }

 private:
  void allocate_arrays();
  void differentiate_activations();

  Layers layers_;
  const float* parameters_;
  ConstMatrix x_;
  ScratchArena& arena_;
  std::span<ConstMatrix> outputs_;
  std::span<Matrix> slopes_;
  std::span<Matrix> curvatures_;
  std::span<ConstMatrix> upper_;  // r at the output of layer l
  std::span<Matrix> r_;           // r at the input of layer l
  std::span<Matrix> q_;
  std::span<Matrix> a_;
  std::span<Matrix> dz_;
};

/// s'(z) and s''(z) of a layer from its result y = s(z), or for an activation whose derivative
/// needs z from `z` (rows x n).
void slopes_and_curvatures(Activation activation, ConstMatrix y, ConstMatrix z, Matrix slopes,
                           Matrix curvatures);

}  // namespace hourglass
