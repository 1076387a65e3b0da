#pragma once

#include "optim/matrix_root.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// Shampoo (Gupta, Koren & Singer 2018; Anil et al. 2020): gradients preconditioned on both sides.
/// For a block (out x in) with gradient G, momentum m, statistics decay b, exponent e, damping d:
///   L = b L + (1 - b) G G^T;  R = b R + (1 - b) G^T G   update_statistics()
///   L' = (L / |L|_2 + d I)^-e;  R' likewise              MatrixStep::refresh
///   M = m M + G;  D = L' M R'
/// D is scaled ("grafted") to a size that needs no other tuning: `spectral`, the Frobenius norm
/// sqrt(min(out, in)) sqrt(max(1, out / in)) of Muon's direction; `adam`, the norm of Adam's step
/// (--beta2, --epsilon) with the same momentum; `sgd`, the norm of M. State: M, L, R, L', R', and
/// with `adam` the running mean of G^2.
class Shampoo final : public MatrixRule {
 public:
  /// Throws Error(usage) naming a setting out of range.
  explicit Shampoo(const OptimizerSettings& settings);

  [[nodiscard]] Index largest_side() const override { return settings_.block; }
  [[nodiscard]] Index interval() const override { return settings_.every; }
  [[nodiscard]] std::vector<State> states(Index rows, Index columns) const override;
  [[nodiscard]] Index scratch_floats(Index rows, Index columns) const override;
  [[nodiscard]] double flops(Index rows, Index columns) const override;
  [[nodiscard]] Index transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                                std::span<float> scratch) const override;

 private:
  enum class Graft { spectral, adam, sgd };
  [[nodiscard]] double grafted_norm(Index step, ConstMatrix gradient, ConstMatrix momentum,
                                    std::span<const Matrix> state) const;

  PreconditionSettings settings_;
  double momentum_;
  double beta2_;
  double epsilon_;
  Graft graft_;
  bool bfloat16_;
};

/// Throws Error(usage) naming a setting of preconditioners out of range.
void check_preconditioner(const PreconditionSettings& settings);
[[nodiscard]] std::vector<std::string> graft_names();

}  // namespace hourglass
