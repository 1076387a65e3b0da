#include "optim/newton_schulz.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/scratch_arena.hpp"
#include "math/bfloat16_product.hpp"
#include "math/blas.hpp"
#include "math/sum_of_squares.hpp"
#include "math/symmetric.hpp"
#include "math/transpose.hpp"
#include "optim/rounded_product.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

namespace {

constexpr Quintic jordan = {3.4445, -4.7750, 2.0315};
constexpr std::array<Quintic, 5> constant_quintics = {jordan, jordan, jordan, jordan, jordan};

// Smaller products take as long either way.
constexpr Index least_symmetric_rows = 128;

std::span<const Quintic> quintics_of(Orthogonalization kind) {
  if (kind == Orthogonalization::constant) return constant_quintics;
  return polar_express_quintics;
}

// Of a symmetric matrix whose upper triangle is given.
double sum_of_squares_of_upper(ConstMatrix m) {
  double above = 0;
  double diagonal = 0;
  for (Index r = 0; r < m.rows; ++r) {
    const auto first = static_cast<std::size_t>(r);
    diagonal += sum_of_squares(m.row(r).subspan(first, 1));
    above += sum_of_squares(m.row(r).subspan(first + 1));
  }
  return diagonal + 2 * above;
}

// A polynomial for X that is not divided by its bound yet. `square` = (X X^T)^2, of whose upper
// triangle the eighth root of the sum of squares is Schatten's 8-norm of X.
Quintic divided(const Quintic& quintic, ConstMatrix square) {
  const double bound = polar_express_margin * std::pow(sum_of_squares_of_upper(square), 0.125);
  const double cubed = bound * bound * bound;
  return {quintic.a / bound, quintic.b / cubed, quintic.c / (cubed * bound * bound)};
}

// polynomial = a I + b gram + c gram^2 of iteration i, with gram^2 in `polynomial`: all of it, or
// the upper triangle.
void combine(Orthogonalization kind, std::size_t i, bool upper, ConstMatrix gram,
             Matrix polynomial) {
  Quintic quintic = quintics_of(kind)[i];
  if (kind == Orthogonalization::polar_express && i == 0) quintic = divided(quintic, polynomial);
  const auto a = static_cast<float>(quintic.a);
  const auto b = static_cast<float>(quintic.b);
  const auto c = static_cast<float>(quintic.c);
  for (Index r = 0; r < gram.rows; ++r) {
    const auto first = static_cast<std::size_t>(upper ? r : 0);
    const std::span<const float> linear = gram.row(r).subspan(first);
    const std::span<float> sum = polynomial.row(r).subspan(first);
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] = b * linear[j] + c * sum[j];
    polynomial(r, r) += a;
  }
}

// Of constant iterations as 0.1.0 added it up, whose runs keep their bits when they are resumed.
double sum_of_squares_of(Orthogonalization kind, ConstMatrix m) {
  if (kind == Orthogonalization::polar_express) return sum_of_squares(m);
  double sum = 0;
  for (Index r = 0; r < m.rows; ++r) {
    for (const float value : m.row(r))
      sum += static_cast<double>(value) * static_cast<double>(value);
  }
  return sum;
}

// C = A A^T, A^T A, or the square of a symmetric A.
void symmetric(bool transpose, bool other, ConstMatrix a, Matrix c) {
  if (c.rows < least_symmetric_rows) {
    gemm(transpose, other, a, a, 0, c);
  } else {
    symmetric_product(transpose, 1, a, 0, c);
  }
}

// An iteration multiplies by a square matrix of the smaller side.
void iterate(Orthogonalization kind, Matrix m, std::span<float> scratch) {
  const bool wide = m.rows <= m.columns;
  const Index small = std::min(m.rows, m.columns);
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(small, small);
  const Matrix polynomial = arena.allocate(small, small);
  Matrix from = m;
  Matrix to = arena.allocate(m.rows, m.columns);
  for (std::size_t i = 0; i < quintics_of(kind).size(); ++i) {
    symmetric(!wide, wide, from, gram);
    symmetric(false, false, gram, polynomial);
    combine(kind, i, false, gram, polynomial);
    wide ? gemm(false, false, polynomial, from, 0, to)
         : gemm(false, false, from, polynomial, 0, to);
    std::swap(from, to);
  }
  if (from.data == m.data) return;
  for (Index r = 0; r < m.rows; ++r) std::ranges::copy(from.row(r), m.row(r).begin());
}

// The same with rounded factors, of the transposed matrix if it is tall.
void iterate_rounded(Orthogonalization kind, Matrix m, std::span<float> scratch) {
  const bool wide = m.rows <= m.columns;
  const Index small = std::min(m.rows, m.columns);
  const Index large = std::max(m.rows, m.columns);
  ScratchArena arena(scratch);
  const Matrix gram = arena.allocate(small, small);
  const Matrix polynomial = arena.allocate(small, small);
  const MatrixView<Bfloat16> square = allocate_rounded(small, small, arena);
  const MatrixView<Bfloat16> rounded = allocate_rounded(small, large, arena);
  const Matrix x = wide ? m : arena.allocate(small, large);
  if (!wide) transpose(m, x);
  for (std::size_t i = 0; i < quintics_of(kind).size(); ++i) {
    round_to(x, rounded);
    upper_bfloat16_product(true, rounded, rounded, 0, gram, arena.rest());
    round_upper_to(gram, square);
    upper_bfloat16_product(true, square, square, 0, polynomial, arena.rest());
    combine(kind, i, true, gram, polynomial);
    round_upper_to(polynomial, square);
    bfloat16_product(false, square, rounded, 0, x, arena.rest());
  }
  if (!wide) transpose(x, m);
}

}  // namespace

double newton_schulz_flops(Orthogonalization kind, Index rows, Index columns) {
  const auto small = static_cast<double>(std::min(rows, columns));
  const auto large = static_cast<double>(std::max(rows, columns));
  return static_cast<double>(quintics_of(kind).size()) * small * small * (3 * large + small);
}

Index newton_schulz_scratch_floats(Index rows, Index columns) {
  const Index small = std::min(rows, columns);
  const Index large = std::max(rows, columns);
  const Index rounded = rounded_floats(small, small) + rounded_floats(small, large) +
                        ScratchArena::floats_of(small, large) +
                        std::max(bfloat16_product_scratch_floats(large, small),
                                 bfloat16_product_scratch_floats(small, large));
  return 2 * ScratchArena::floats_of(small, small) +
         std::max(ScratchArena::floats_of(rows, columns), rounded);
}

void newton_schulz(Orthogonalization kind, bool bfloat16, Matrix m, std::span<float> scratch) {
  const double norm = std::sqrt(sum_of_squares_of(kind, m));
  if (vanishes(norm)) return;
  // Also where a bound follows: single precision could not hold the squares of any m.
  const auto inverse = static_cast<float>(1.0 / norm);
  for (Index r = 0; r < m.rows; ++r) {
    for (float& value : m.row(r)) value *= inverse;
  }
  bfloat16 ? iterate_rounded(kind, m, scratch) : iterate(kind, m, scratch);
}

}  // namespace hourglass
