#pragma once

#include <span>
#include <vector>

#include "core/scratch_arena.hpp"
#include "model/jacobian_pass.hpp"
#include "model/regularization.hpp"
#include "nn/dense.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// The penalties on the Jacobian J = dh/dx of an encoder of dense layers (Rifai et al. 2011), with
/// their gradients:
///   contractive * |J|_F^2  +  hessian_weight * mean over n of |J(x + e_n) - J(x)|_F^2
/// |J|_F^2 is the sum of |v J|^2 over the unit vectors v (exact), or its mean over random sign
/// vectors (Hutchinson 1990); model/jacobian_pass.hpp has v J and its derivatives. For one layer
/// |J|_F^2 = sum_j s'(z_j)^2 |W_j|^2 in closed form.
class Contractive {
 public:
  /// `layers` are the encoder's, from the input to the code, and outlive this. Throws Error(usage)
  /// when the closed form is asked of several layers.
  Contractive(const Regularization& settings, std::vector<const Dense*> layers);

  /// Floats of scratch memory that apply() and squared_norms() need for `rows` samples.
  [[nodiscard]] Index scratch_floats(Index rows) const;

  /// A penalty and what backward adds for its gradient, by layer of the encoder.
  struct Penalty {
    double value = 0;
    std::span<const SecondOrderTerms> terms;
  };

  /// The penalty of a micro-batch x, summed over its samples, and the terms of scale * the penalty.
  /// `activations` holds the outputs of the encoder's layers for x, as the forward pass left them.
  /// The terms live in `scratch`.
  [[nodiscard]] Penalty apply(const float* parameters, ConstMatrix x, Workspace& activations,
                              float scale, const PassContext& context,
                              std::span<float> scratch) const;

  /// |J|_F^2 of every sample, by the closed form or the exact pass; arguments as for apply().
  void squared_norms(const float* parameters, ConstMatrix x, Workspace& activations,
                     std::span<float> scratch, std::span<double> norms) const;

 private:
  struct Terms;

  [[nodiscard]] Index perturbations() const {
    return settings_.hessian_weight > 0 ? settings_.hessian_samples : 0;
  }
  [[nodiscard]] Index layer_count() const { return static_cast<Index>(layers_.size()); }
  [[nodiscard]] Terms allocate_terms(ScratchArena& arena) const;
  void set_perturbed_terms(const float* parameters, const JacobianPass& pass, Index n,
                           const Terms& terms, ScratchArena& arena) const;
  Penalty closed_form(const float* parameters, const JacobianPass& pass, float scale,
                      ScratchArena& arena) const;
  void make_probes(const PassContext& context, Matrix probes) const;

  Regularization settings_;
  std::vector<const Dense*> layers_;
  ContractiveMethod method_;
  Index probes_ = 1;   // vectors per sample
  double weight_ = 1;  // of a vector: 1 (exact) or 1 / probes
};

/// The context in which the n-th e of the Hessian penalty is drawn (as Gaussian corruption).
[[nodiscard]] PassContext perturbation_context(const PassContext& context, Index n);

}  // namespace hourglass
