#include "optim/muon.hpp"

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "math/symmetric.hpp"
#include "optim/check.hpp"
#include "optim/rounded_product.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

namespace {

constexpr int iterations = 5;
// Smaller products take as long either way.
constexpr Index least_symmetric_rows = 128;

// C = A A^T, A^T A, or the square of a symmetric A.
void symmetric(bool transpose, bool other, ConstMatrix a, Matrix c) {
  if (c.rows < least_symmetric_rows) {
    gemm(transpose, other, a, a, 0, c);
  } else {
    symmetric_product(transpose, 1, a, 0, c);
  }
}

// polynomial = a I + b gram + c gram^2, with gram^2 in `polynomial`.
void combine(ConstMatrix gram, Matrix polynomial) {
  constexpr float a = 3.4445F;
  constexpr float b = -4.7750F;
  constexpr float c = 2.0315F;
  for (Index i = 0; i < gram.rows; ++i) {
    const std::span<const float> linear = gram.row(i);
    const std::span<float> sum = polynomial.row(i);
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] = b * linear[j] + c * sum[j];
    sum[static_cast<std::size_t>(i)] += a;
  }
}

// The iteration multiplies by a square matrix of the smaller side.
void iterate(Matrix m, std::span<float> scratch) {
  const bool wide = m.rows <= m.columns;
  const Index small = std::min(m.rows, m.columns);
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(small, small);
  const Matrix polynomial = arena.allocate(small, small);
  const Matrix next = arena.allocate(m.rows, m.columns);
  for (int iteration = 0; iteration < iterations; ++iteration) {
    symmetric(!wide, wide, m, gram);
    symmetric(false, false, gram, polynomial);
    combine(gram, polynomial);
    wide ? gemm(false, false, polynomial, m, 0, next) : gemm(false, false, m, polynomial, 0, next);
    for (Index r = 0; r < m.rows; ++r) std::ranges::copy(next.row(r), m.row(r).begin());
  }
}

// The same with rounded factors.
void iterate_rounded(Matrix m, std::span<float> scratch) {
  const bool wide = m.rows <= m.columns;
  const Index small = std::min(m.rows, m.columns);
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(small, small);
  const Matrix polynomial = arena.allocate(small, small);
  const MatrixView<Bfloat16> rounded = allocate_rounded(m.rows, m.columns, arena);
  const MatrixView<Bfloat16> square = allocate_rounded(small, small, arena);
  for (int iteration = 0; iteration < iterations; ++iteration) {
    round_to(m, rounded);
    rounded_symmetric_product(!wide, wide, rounded, gram);
    round_to(gram, square);
    rounded_symmetric_product(false, false, square, polynomial);
    combine(gram, polynomial);
    round_to(polynomial, square);
    wide ? gemm_bfloat16(false, false, square, rounded, 0, m)
         : gemm_bfloat16(false, false, rounded, square, 0, m);
  }
}

}  // namespace

Muon::Muon(const OptimizerSettings& settings)
    : momentum_(settings.momentum), bfloat16_(settings.precision == "bf16") {
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
  const auto small = static_cast<double>(std::min(rows, columns));
  const auto large = static_cast<double>(std::max(rows, columns));
  // Two symmetric products and one of matrices per iteration.
  return iterations * small * small * (3 * large + small);
}

Index Muon::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> /*state*/,
                      std::span<float> scratch) const {
  const PhaseSpan span(step.recorder, Phase::precondition, 0, flops(block.rows, block.columns));
  newton_schulz(block, bfloat16_, scratch);
  const auto stretch = static_cast<float>(std::sqrt(
      std::max(1.0, static_cast<double>(block.rows) / static_cast<double>(block.columns))));
  for (Index r = 0; r < block.rows; ++r) {
    for (float& value : block.row(r)) value *= stretch;
  }
  return 0;
}

Index newton_schulz_scratch_floats(Index rows, Index columns) {
  const Index small = std::min(rows, columns);
  return 2 * ScratchArena::floats_of(small, small) +
         std::max(ScratchArena::floats_of(rows, columns),
                  rounded_product_scratch_floats(small * small, rows * columns));
}

void newton_schulz(Matrix m, bool bfloat16, std::span<float> scratch) {
  double squares = 0;
  for (Index r = 0; r < m.rows; ++r) {
    for (const float value : m.row(r))
      squares += static_cast<double>(value) * static_cast<double>(value);
  }
  if (squares == 0) return;
  const auto inverse = static_cast<float>(1.0 / std::sqrt(squares));
  for (Index r = 0; r < m.rows; ++r) {
    for (float& value : m.row(r)) value *= inverse;
  }
  bfloat16 ? iterate_rounded(m, scratch) : iterate(m, scratch);
}

}  // namespace hourglass
