#pragma once

#include "optim/matrix_rule.hpp"
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
};

/// Replaces m by an approximation of U V^T, where m = U S V^T is its singular value decomposition,
/// by five Newton-Schulz iterations of the quintic with coefficients (3.4445, -4.7750, 2.0315) on
/// m / |m|_F. Singular values end between about 0.7 and 1.2; a matrix of zeros stays. With
/// `bfloat16` the factors of each product are rounded. `scratch` has newton_schulz_scratch_floats()
/// of the shape of m.
void newton_schulz(Matrix m, bool bfloat16, std::span<float> scratch);
[[nodiscard]] Index newton_schulz_scratch_floats(Index rows, Index columns);

}  // namespace hourglass
