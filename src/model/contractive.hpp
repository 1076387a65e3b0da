#pragma once

#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "model/regularization.hpp"
#include "nn/dense.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// The penalties on the Jacobian J = dh/dx of an encoder of dense layers (Rifai et al. 2011), with
/// their gradients:
///   contractive * |J|_F^2  +  hessian_weight * mean over n of |J(x + e_n) - J(x)|_F^2.
/// With v a row vector over code units, one reverse pass  r_L = v,  q_l = r_l s'(z_l),  r_(l-1) =
/// q_l W_l  gives r_0 = v J. |J|_F^2 is the sum of |r_0|^2 over the unit vectors (exact), or its
/// mean over random sign vectors (Hutchinson 1990). Differentiating through that pass, from the
/// bottom up:  a_0 = d|r_0|^2/dr_0,  b_l = a_(l-1) W_l^T,  dW_l += q_l^T a_(l-1), dz_l += b_l r_l
/// s''(z_l),  a_l = b_l s'(z_l). For one layer |J|_F^2 = sum_j s'(z_j)^2 |W_j|^2 in closed form.
class Contractive {
 public:
  /// `layers` are the encoder's, from the input to the code. Throws Error(usage) when the closed
  /// form is asked of several layers.
  Contractive(const Regularization& settings, std::vector<const Dense*> layers);

  /// Floats of room that apply() wants for so many rows.
  [[nodiscard]] Index room(Index rows) const;

  /// The penalty of a micro-batch, summed over its samples. outputs[l] is layer l's activation for
  /// the input x, as the forward pass left it. `terms` (one a layer of the network; the first are
  /// the encoder's) receives what backward has to add for scale * the penalty; they point into
  /// `room`.
  double apply(const float* parameters, ConstMatrix x, std::span<const ConstMatrix> outputs,
               float scale, const PassContext& context, std::span<float> room,
               std::span<SecondOrderTerms> terms) const;

  /// |J|_F^2 of every sample, by the closed form or the exact pass; `room` as for apply().
  void squared_norms(const float* parameters, ConstMatrix x, std::span<const ConstMatrix> outputs,
                     std::span<float> room, std::span<double> norms) const;

 private:
  struct Branch;
  class Room;

  Branch make_branch(const float* parameters, ConstMatrix x, std::vector<ConstMatrix> outputs,
                     Room& room) const;
  void reverse_pass(const float* parameters, ConstMatrix probes, Branch& branch, Room& room) const;
  void adjoint_pass(const float* parameters, Matrix seed, Branch& branch, Room& room) const;
  void penalized_branch(const float* parameters, Branch& branch, std::span<SecondOrderTerms> terms,
                        Room& room) const;
  double closed_form(const float* parameters, const Branch& branch, float scale, Room& room,
                     std::span<SecondOrderTerms> terms) const;
  void make_probes(const PassContext& context, Matrix probes) const;

  Regularization settings_;
  std::vector<const Dense*> layers_;
  ContractiveMethod method_;
  Index probes_ = 1;   // vectors a sample
  double weight_ = 1;  // of a vector: 1 (exact) or 1 / probes
};

/// The context in which the n-th e of the Hessian penalty is drawn (as Gaussian corruption).
[[nodiscard]] PassContext perturbation_context(const PassContext& context, Index n);

/// s'(z) and s''(z) of a layer from its result y = s(z), or for an activation whose derivative
/// needs z from `z` (rows x n).
void slopes_and_curvatures(Activation activation, ConstMatrix y, ConstMatrix z, Matrix slopes,
                           Matrix curvatures);

}  // namespace hourglass
