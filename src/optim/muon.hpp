#pragma once

#include "optim/adam.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// Muon (Jordan et al. 2024): momentum whose matrices are orthogonalised. For a weight matrix (out
/// x in), rate r, weight decay w, momentum m:
///   b = m b + scale * gradient;  u = scale * gradient + m b
///   p -= r (sqrt(max(1, out / in)) orthogonalize(u) + w p)
/// Tensors that are not matrices are updated by AdamW. State: b or Adam's mean ("mean"), and Adam's
/// variance ("variance").
class Muon final : public Optimizer {
 public:
  explicit Muon(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override {
    return {"mean", "variance"};
  }
  [[nodiscard]] bool matrix_wise() const override { return true; }
  void matrix_direction(const UpdateStep& step, std::span<const float> gradient,
                        std::span<float* const> state, std::span<float> direction) const override;
  void orthogonalize(Matrix direction, std::span<float> scratch) const override;
  [[nodiscard]] Index orthogonalize_scratch_floats(Index rows, Index columns) const override;
  /// With UpdateStep::matrix, `gradient` is the orthogonalised direction.
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double momentum_;
  double weight_decay_;
  Adam adam_;
};

/// Replaces m by an approximation of U V^T, where m = U S V^T is its singular value decomposition,
/// by five Newton-Schulz iterations of the quintic with coefficients (3.4445, -4.7750, 2.0315) on
/// m / |m|_F. Singular values end between about 0.7 and 1.2; a matrix of zeros stays. `scratch` has
/// newton_schulz_scratch_floats() of the shape of m.
void newton_schulz(Matrix m, std::span<float> scratch);
[[nodiscard]] Index newton_schulz_scratch_floats(Index rows, Index columns);

}  // namespace hourglass
