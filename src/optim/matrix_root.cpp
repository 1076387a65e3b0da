#include "optim/matrix_root.hpp"

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "math/finite.hpp"
#include "math/symmetric.hpp"

namespace hourglass {

namespace {

constexpr Index attempts = 4;
constexpr double more_damping = 100;

double trace(ConstMatrix a) {
  double sum = 0;
  for (Index i = 0; i < a.rows; ++i) sum += static_cast<double>(a(i, i));
  return sum;
}

void set_identity(Matrix m) {
  for (Index r = 0; r < m.rows; ++r) {
    std::ranges::fill(m.row(r), 0.0F);
    m(r, r) = 1;
  }
}

// Statistics of a gradient of zeros, or one so small that its squares are not normal numbers.
bool is_negligible(ConstMatrix a) { return std::fabs(trace(a)) < 1e-30; }

bool is_zero(ConstMatrix m) {
  return std::ranges::all_of(std::span(m.data, static_cast<std::size_t>(m.rows * m.columns)),
                             [](float value) { return value == 0; });
}

// What remains when there is no decomposition.
void keep_or_set_identity(Matrix m) {
  if (is_zero(m)) set_identity(m);
}

struct Decomposition {
  Index failures = 0;
  bool found = false;
};

// A / trace + damping I = V^T diag(values) V; a failed attempt is repeated with more damping.
Decomposition decompose(ConstMatrix a, const RootSettings& settings, Matrix vectors,
                        std::span<float> values, std::span<float> scratch) {
  Decomposition result;
  const auto size = static_cast<std::size_t>(a.rows * a.columns);
  if (!all_finite({a.data, size})) {
    result.failures = 1;
    return result;
  }
  const auto scale = static_cast<float>(1 / trace(a));
  const EigenSolver solve = settings.solver == nullptr ? symmetric_eigen : settings.solver;
  for (double damping = 0; result.failures < attempts;
       damping = std::max(damping, settings.damping) * more_damping) {
    for (std::size_t i = 0; i < size; ++i) vectors.data[i] = scale * a.data[i];
    for (Index i = 0; i < a.rows; ++i) vectors(i, i) += static_cast<float>(damping);
    if (solve(vectors, values, scratch) && all_finite({vectors.data, size}) && all_finite(values)) {
      result.found = true;
      return result;
    }
    ++result.failures;
  }
  return result;
}

// Makes `result` of the eigenvectors (rows) and ascending eigenvalues of A by write(vectors,
// values). Returns the number of failures.
template <class Write>
Index from_decomposition(ConstMatrix a, const RootSettings& settings, Matrix result,
                         std::span<float> scratch, const Write& write) {
  if (is_negligible(a)) {
    set_identity(result);
    return 0;
  }
  ScratchArena arena(scratch);
  const Matrix vectors = arena.allocate(a.rows, a.rows);
  const std::span<float> values = arena.allocate_array<float>(a.rows);
  const Decomposition decomposition = decompose(a, settings, vectors, values, arena.rest());
  if (decomposition.found) {
    write(vectors, values);
  } else {
    keep_or_set_identity(result);
  }
  return decomposition.failures;
}

}  // namespace

Index inverse_root_scratch_floats(Index n) {
  return ScratchArena::floats_of(n, n) + ScratchArena::floats_of(1, n) +
         symmetric_eigen_scratch_floats(n);
}

Index damped_inverse_scratch_floats(Index n) { return ScratchArena::floats_of(n, n); }

Index inverse_root(ConstMatrix a, const RootSettings& settings, Matrix root,
                   std::span<float> scratch) {
  return from_decomposition(
      a, settings, root, scratch, [&](Matrix vectors, std::span<const float> values) {
        const double largest = static_cast<double>(values.back());
        for (Index r = 0; r < vectors.rows; ++r) {
          const double value =
              std::max(0.0, static_cast<double>(values[static_cast<std::size_t>(r)]));
          // The root is a product of two equal factors.
          const auto factor = static_cast<float>(
              std::pow(value / largest + settings.damping, -0.5 * settings.exponent));
          for (float& element : vectors.row(r)) element *= factor;
        }
        symmetric_product(true, 1, vectors, 0, root);
      });
}

Index damped_inverse(ConstMatrix a, double damping, Matrix inverse, std::span<float> scratch) {
  if (is_negligible(a)) {
    set_identity(inverse);
    return 0;
  }
  Index failures = 0;
  const auto size = static_cast<std::size_t>(a.rows * a.columns);
  if (!all_finite({a.data, size})) {
    keep_or_set_identity(inverse);
    return 1;
  }
  ScratchArena arena(scratch);
  const Matrix attempt = arena.allocate(a.rows, a.rows);
  const auto scale = static_cast<float>(static_cast<double>(a.rows) / trace(a));
  for (; failures < attempts; ++failures, damping *= more_damping) {
    for (std::size_t i = 0; i < size; ++i) attempt.data[i] = scale * a.data[i];
    for (Index i = 0; i < a.rows; ++i) attempt(i, i) += static_cast<float>(damping);
    if (!symmetric_inverse(attempt) || !all_finite({attempt.data, size})) continue;
    std::copy_n(attempt.data, size, inverse.data);
    return failures;
  }
  keep_or_set_identity(inverse);
  return failures;
}

Index eigenbasis(ConstMatrix a, const RootSettings& settings, Matrix basis,
                 std::span<float> scratch) {
  return from_decomposition(
      a, settings, basis, scratch, [&](Matrix vectors, std::span<const float> /*values*/) {
        for (Index r = 0; r < vectors.rows; ++r)
          std::ranges::copy(vectors.row(vectors.rows - 1 - r), basis.row(r).begin());
      });
}

}  // namespace hourglass
