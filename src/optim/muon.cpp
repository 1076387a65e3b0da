#include "optim/muon.hpp"

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "optim/check.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

Muon::Muon(const OptimizerSettings& settings)
    : momentum_(settings.momentum),
      weight_decay_(settings.weight_decay),
      adam_(settings, Adam::Decay::decoupled) {
  check_coefficient("--momentum", momentum_);
}

void Muon::matrix_direction(const UpdateStep& step, std::span<const float> gradient,
                            std::span<float* const> state, std::span<float> direction) const {
  const float scale = step.gradient_scale;
  const auto m = static_cast<float>(momentum_);
  float* __restrict momentum = state[0];
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const float g = scale * gradient[i];
    const float b = flush_subnormal(m * momentum[i] + g);
    momentum[i] = b;
    direction[i] = g + m * b;
  }
}

Index Muon::orthogonalize_scratch_floats(Index rows, Index columns) const {
  return newton_schulz_scratch_floats(rows, columns);
}

void Muon::orthogonalize(Matrix direction, std::span<float> scratch) const {
  newton_schulz(direction, scratch);
  const auto stretch = static_cast<float>(std::sqrt(
      std::max(1.0, static_cast<double>(direction.rows) / static_cast<double>(direction.columns))));
  for (Index r = 0; r < direction.rows; ++r) {
    for (float& value : direction.row(r)) value *= stretch;
  }
}

void Muon::update(const UpdateStep& step, std::span<float> parameters,
                  std::span<const float> gradient, std::span<float* const> state) const {
  if (!step.matrix) {
    adam_.update(step, parameters, gradient, state);
    return;
  }
  require(parameters.size() == gradient.size(),
          "parameters and direction of an update differ in length");
  const double exact_rate = step.learning_rate * step.rate_factor;
  const auto rate = static_cast<float>(exact_rate);
  const auto decay = static_cast<float>(exact_rate * weight_decay_ * step.decay_factor);
  float* __restrict p = parameters.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) p[i] -= rate * gradient[i] + decay * p[i];
}

Index newton_schulz_scratch_floats(Index rows, Index columns) {
  const Index small = std::min(rows, columns);
  return 2 * ScratchArena::floats_of(small, small) + ScratchArena::floats_of(rows, columns);
}

void newton_schulz(Matrix m, std::span<float> scratch) {
  constexpr float a = 3.4445F;
  constexpr float b = -4.7750F;
  constexpr float c = 2.0315F;
  double squares = 0;
  for (Index r = 0; r < m.rows; ++r) {
    for (const float value : m.row(r))
      squares += static_cast<double>(value) * static_cast<double>(value);
  }
  if (squares == 0) return;
  const auto inverse = static_cast<float>(1.0 / std::sqrt(squares));
  // The iteration multiplies by a square matrix of the smaller side.
  const bool wide = m.rows <= m.columns;
  const Index small = std::min(m.rows, m.columns);
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(small, small);
  const Matrix polynomial = arena.allocate(small, small);
  const Matrix next = arena.allocate(m.rows, m.columns);
  for (Index r = 0; r < m.rows; ++r) {
    for (float& value : m.row(r)) value *= inverse;
  }
  for (int iteration = 0; iteration < 5; ++iteration) {
    wide ? gemm(false, true, m, m, 0, gram) : gemm(true, false, m, m, 0, gram);
    gemm(false, false, gram, gram, 0, polynomial);
    for (Index i = 0; i < small; ++i) {
      for (Index j = 0; j < small; ++j)
        polynomial(i, j) = b * gram(i, j) + c * polynomial(i, j) + (i == j ? a : 0.0F);
    }
    wide ? gemm(false, false, polynomial, m, 0, next) : gemm(false, false, m, polynomial, 0, next);
    for (Index r = 0; r < m.rows; ++r) std::ranges::copy(next.row(r), m.row(r).begin());
  }
}

}  // namespace hourglass
