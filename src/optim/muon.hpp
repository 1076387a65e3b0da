#pragma once

#include "optim/matrix_rule.hpp"
#include "optim/newton_schulz.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// Muon (Jordan et al. 2024): momentum whose matrices are orthogonalised. For a weight matrix (out
/// x in), rate r, weight decay w, momentum m:
///   b = m b + scale * gradient;  u = scale * gradient + m b
///   p -= r (sqrt(max(1, out / in)) orthogonalize(u) + w p)
/// State: b, as "mean", with the floats it belongs to.
class Muon final : public MatrixRule {
 public:
  explicit Muon(const OptimizerSettings& settings);

  [[nodiscard]] bool keeps_moments() const override { return true; }
  void collect(float scale, std::span<const float> gradient, std::span<float* const> moments,
               std::span<float> collected) const override;
  [[nodiscard]] Index scratch_floats(Index rows, Index columns) const override;
  [[nodiscard]] double flops(Index rows, Index columns) const override;
  [[nodiscard]] Index transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                                std::span<float> scratch) const override;

 private:
  double momentum_;
  bool bfloat16_;
  Orthogonalization orthogonalization_;
};

}  // namespace hourglass
