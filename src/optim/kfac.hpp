#pragma once

#include "optim/graft.hpp"
#include "optim/kronecker_curvature.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// K-FAC (Martens & Grosse 2015; convolutions: Grosse & Martens 2016): gradients multiplied by the
/// inverse of a Kronecker-factored Fisher matrix. For a block (out x in) with gradient G, momentum
/// m, statistics decay b per step, damping d, and the factors S, A of the step's samples
/// (nn/kronecker_factors.hpp: means of g g^T and of a a^T):
///   L = b^n L + (1 - b^n) S;  R = b^n R + (1 - b^n) A  every n = --statistics-every steps of an
///                                                      epoch, the first one included
///   L' = (L / mean(L) + d I)^-1;  R' likewise          MatrixStep::refresh
///   M = m M + G;  D = L' M R', scaled as optim/graft.hpp says
/// where mean(L) is the mean eigenvalue, trace(L) / out: damping is split between the factors in
/// proportion to their sizes (pi = sqrt(mean(R) / mean(L))), as Martens & Grosse do, with lambda =
/// d^2 mean(L) mean(R). State: M, the upper triangles of L and R, L', R', and with --graft adam
/// the running mean of G^2.
///
/// With --kfac-momentum quadratic there is no momentum M, and the size of the step is not grafted
/// but that of the quadratic model (optim/quadratic_model.hpp) with
///   C X = k (L X R + d^2 mean(L) mean(R) X),   k = 1 / (1 - b^(n u))^2   (KroneckerCurvature)
/// after u updates of L and R, and weight decay w as an L2 penalty:
///   X = L' (G + w W) R' / (k mean(L) mean(R));  P = alpha X + mu P;  D = P / 0.03
/// where alpha and mu are the same for all weights. The rate of 0.03 takes the model's step whole,
/// and others in proportion, as schedules do. P is stored in place of M.
class Kfac final : public MatrixRule {
 public:
  /// Throws Error(usage) naming a setting out of range.
  explicit Kfac(const OptimizerSettings& settings);

  [[nodiscard]] Index factor_interval() const override { return settings_.statistics_every; }
  [[nodiscard]] Index largest_side() const override { return settings_.block; }
  [[nodiscard]] Index interval() const override { return settings_.every; }
  [[nodiscard]] std::vector<State> states(Index rows, Index columns) const override;
  [[nodiscard]] Index scratch_floats(Index rows, Index columns) const override;
  [[nodiscard]] double flops(Index rows, Index columns) const override;
  [[nodiscard]] Index transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                                std::span<float> scratch) const override;

  /// With --kfac-damping-rule adaptive or --kfac-momentum quadratic.
  [[nodiscard]] bool has_model() const override { return adapts_ || quadratic_; }
  [[nodiscard]] double curvature(Index factor_count, double damping, ConstMatrix change,
                                 std::span<const Matrix> state,
                                 std::span<float> scratch) const override;
  [[nodiscard]] bool combines() const override { return quadratic_; }
  void complete(const ModelWeights& weights, Matrix block,
                std::span<const Matrix> state) const override;
  [[nodiscard]] double weight_decay() const override { return quadratic_ ? decay_ : 0; }

 private:
  [[nodiscard]] bool keeps_variance() const { return !quadratic_ && graft_.keeps_variance(); }
  [[nodiscard]] KroneckerCurvature curvature_of(Index factor_count, double damping,
                                                std::span<const Matrix> state) const;
  void take_model_step(const MatrixStep& step, double damping, Matrix block,
                       std::span<const Matrix> state, std::span<float> scratch) const;

  PreconditionSettings settings_;
  double momentum_;
  Graft graft_;
  bool bfloat16_;
  bool adapts_;
  bool quadratic_;
  double decay_;
};

}  // namespace hourglass
