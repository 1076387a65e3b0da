#pragma once

#include "optim/matrix_rule.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// SOAP (Vyas et al. 2024): Adam in the eigenbases of Shampoo's statistics. For a block (out x in)
/// with gradient G, momentum m, statistics decay b, and U, V the eigenvectors of L and R, one per
/// row:
///   L = b L + (1 - b) G G^T;  R = b R + (1 - b) G^T G   update_statistics()
///   G' = U G V^T;  M = m M + (1 - m) G';  S = b S + (1 - b) G'^2
///   D = U^T [M / (1 - m^t) / (sqrt(S / (1 - b^t)) + epsilon)] V
/// with t the steps after the first, in which matrices do not move, as there are no bases yet.
/// After the steps of MatrixStep::refresh, U and V follow L and R by one power iteration,
/// orthonormalised by a QR decomposition; M is then rotated into the new bases, S keeps its numbers
/// in the order of the eigenvalues. State: M, S, L, R, U, V.
class Soap final : public MatrixRule {
 public:
  /// Throws Error(usage) naming a setting out of range.
  explicit Soap(const OptimizerSettings& settings);

  [[nodiscard]] Index largest_side() const override { return settings_.block; }
  [[nodiscard]] Index interval() const override { return settings_.every; }
  [[nodiscard]] std::vector<State> states(Index rows, Index columns) const override;
  [[nodiscard]] Index scratch_floats(Index rows, Index columns) const override;
  [[nodiscard]] double flops(Index rows, Index columns) const override;
  [[nodiscard]] Index transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                                std::span<float> scratch) const override;

 private:
  void replace_by_direction(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                            std::span<float> scratch) const;
  [[nodiscard]] Index refresh(Index step, std::span<const Matrix> state,
                              std::span<float> scratch) const;
  void multiply(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                std::span<float> scratch) const;

  PreconditionSettings settings_;
  double momentum_;
  double epsilon_;
  bool bfloat16_;
};

}  // namespace hourglass
