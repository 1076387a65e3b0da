#include "optim/muon.hpp"

#include <algorithm>
#include <cmath>

#include "optim/check.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

Muon::Muon(const OptimizerSettings& settings)
    : momentum_(settings.momentum),
      bfloat16_(settings.precision == "bf16"),
      orthogonalization_(bfloat16_ ? Orthogonalization::polar_express
                                   : Orthogonalization::constant) {
  check_coefficient("--momentum", momentum_);
}

void Muon::collect(float scale, std::span<const float> gradient, std::span<float* const> moments,
                   std::span<float> collected) const {
  const auto m = static_cast<float>(momentum_);
  float* __restrict momentum = moments[0];
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const float g = scale * gradient[i];
    const float b = flush_subnormal(m * momentum[i] + g);
    momentum[i] = b;
    collected[i] = g + m * b;
  }
}

Index Muon::scratch_floats(Index rows, Index columns) const {
  return newton_schulz_scratch_floats(rows, columns);
}

double Muon::flops(Index rows, Index columns) const {
  return newton_schulz_flops(orthogonalization_, rows, columns);
}

Index Muon::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> /*state*/,
                      std::span<float> scratch) const {
  const PhaseSpan span(step.recorder, Phase::precondition, 0, flops(block.rows, block.columns));
  newton_schulz(orthogonalization_, bfloat16_, block, scratch);
  const auto stretch = static_cast<float>(std::sqrt(
      std::max(1.0, static_cast<double>(block.rows) / static_cast<double>(block.columns))));
  for (Index r = 0; r < block.rows; ++r) {
    for (float& value : block.row(r)) value *= stretch;
  }
  return 0;
}

}  // namespace hourglass
