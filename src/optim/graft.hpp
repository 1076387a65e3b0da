#pragma once

#include <string>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// The size that a preconditioned step is scaled ("grafted") to, so that rates need no other
/// tuning. For a block (out x in) with gradient G and momentum M, --graft
///   spectral: the Frobenius norm sqrt(min(out, in)) sqrt(max(1, out / in)) of Muon's direction,
///   adam: the norm of Adam's step (--beta2, --epsilon) with the same momentum,
///   sgd: the norm of M.
class Graft {
 public:
  /// Throws Error(usage) for an unknown --graft.
  explicit Graft(const OptimizerSettings& settings);

  /// Whether it keeps the running mean of G^2.
  [[nodiscard]] bool keeps_variance() const { return kind_ == Kind::adam; }
  /// Of step `step`, from 1. `variance`: of the shape of G, empty unless it is kept, updated.
  [[nodiscard]] double norm(Index step, ConstMatrix gradient, ConstMatrix momentum,
                            Matrix variance) const;

 private:
  enum class Kind { spectral, adam, sgd };
  double momentum_;
  double beta2_;
  double epsilon_;
  Kind kind_;
};

[[nodiscard]] std::vector<std::string> graft_names();

/// M = m M + G.
void add_to_momentum(double m, ConstMatrix gradient, Matrix momentum);
/// Scales a matrix to a Frobenius norm, unless it is 0.
void scale_to_norm(double norm, Matrix matrix);

}  // namespace hourglass
