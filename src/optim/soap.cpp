#include "optim/soap.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/scratch_arena.hpp"
#include "math/blas.hpp"
#include "math/finite.hpp"
#include "math/symmetric.hpp"
#include "optim/check.hpp"
#include "optim/gradient_statistics.hpp"
#include "optim/matrix_root.hpp"
#include "optim/rounded_product.hpp"
#include "optim/shampoo.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

namespace {

enum Place : std::size_t {
  mean_place,
  variance_place,
  left_statistics_place,
  right_statistics_place,
  left_basis_place,
  right_basis_place,
};

// FLOP of a power iteration and a QR decomposition, at a GEMM's speed.
constexpr double basis_flops_per_cube = 8;

void copy(ConstMatrix from, Matrix to) {
  for (Index r = 0; r < from.rows; ++r) std::ranges::copy(from.row(r), to.row(r).begin());
}

Index follow_scratch_floats(Index n) {
  return ScratchArena::floats_of(n, n) + ScratchArena::floats_of_array<float>(n) +
         orthonormalize_scratch_floats(n);
}

// One power iteration: `next` becomes the basis that follows `basis` towards the eigenvectors of
// the statistics, and `order` the rows of `basis` from which its rows come, largest eigenvalue
// first. Returns false, leaving `next` undefined, when there is no such basis.
bool follow(ConstMatrix statistics, ConstMatrix basis, Matrix next, std::span<Index> order,
            std::span<float> scratch) {
  const Index n = basis.rows;
  ScratchArena arena(scratch);
  const Matrix image = arena.allocate(n, n);
  const std::span<float> eigenvalues = arena.allocate_array<float>(n);
  gemm(false, false, basis, statistics, 0, image);
  for (Index r = 0; r < n; ++r) {
    double sum = 0;
    for (Index c = 0; c < n; ++c)
      sum += static_cast<double>(image(r, c)) * static_cast<double>(basis(r, c));
    eigenvalues[static_cast<std::size_t>(r)] = static_cast<float>(sum);
  }
  if (!all_finite(eigenvalues)) return false;
  std::iota(order.begin(), order.end(), Index{0});
  // Not stable_sort, which allocates: equal ones keep their order by the second criterion.
  std::ranges::sort(order, [&](Index a, Index b) {
    const float left = eigenvalues[static_cast<std::size_t>(a)];
    const float right = eigenvalues[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  for (Index r = 0; r < n; ++r)
    std::ranges::copy(image.row(order[static_cast<std::size_t>(r)]), next.row(r).begin());
  return orthonormalize(next, arena.rest()) &&
         all_finite({next.data, static_cast<std::size_t>(n * n)});
}

}  // namespace

Soap::Soap(const OptimizerSettings& settings)
    : settings_(settings.precondition),
      momentum_(settings.momentum),
      epsilon_(settings.epsilon),
      bfloat16_(settings.precision == "bf16") {
  check_coefficient("--momentum", momentum_);
  check_positive_float("--epsilon", epsilon_);
  check_preconditioner(settings_);
}

std::vector<MatrixRule::State> Soap::states(Index rows, Index columns) const {
  return {{"basis_mean", rows, columns},   {"basis_variance", rows, columns},
          {"left_statistics", rows, rows}, {"right_statistics", columns, columns},
          {"left_basis", rows, rows},      {"right_basis", columns, columns}};
}

Index Soap::scratch_floats(Index rows, Index columns) const {
  const Index largest = std::max(rows, columns);
  const Index products = std::max(rounded_product_scratch_floats(rows, rows, columns),
                                  rounded_product_scratch_floats(rows, columns, columns));
  const Index refresh =
      ScratchArena::floats_of(rows, rows) + ScratchArena::floats_of(columns, columns) +
      2 * ScratchArena::floats_of(rows, columns) + ScratchArena::floats_of_array<Index>(rows) +
      ScratchArena::floats_of_array<Index>(columns) +
      std::max(follow_scratch_floats(largest), products);
  return std::max({inverse_root_scratch_floats(largest), refresh,
                   statistics_scratch_floats(rows, columns),
                   2 * ScratchArena::floats_of(rows, columns) + products});
}

double Soap::flops(Index rows, Index columns) const {
  const double sides = static_cast<double>(rows * columns) * static_cast<double>(rows + columns);
  const auto every = static_cast<double>(settings_.every);
  return sides / static_cast<double>(settings_.statistics_every) + 4 * sides * (1 + 1 / every) +
         basis_flops_per_cube * (cube(rows) + cube(columns)) / every;
}

void Soap::multiply(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                    std::span<float> scratch) const {
  bfloat16_ ? rounded_product(transpose_a, transpose_b, a, b, c, scratch)
            : gemm(transpose_a, transpose_b, a, b, 0, c);
}

Index Soap::refresh(Index step, std::span<const Matrix> state, std::span<float> scratch) const {
  const Matrix left = state[left_basis_place];
  const Matrix right = state[right_basis_place];
  if (step == 1) {
    const RootSettings settings{settings_.exponent, settings_.damping};
    return eigenbasis(state[left_statistics_place], settings, left, scratch) +
           eigenbasis(state[right_statistics_place], settings, right, scratch);
  }
  const Matrix mean = state[mean_place];
  const Matrix variance = state[variance_place];
  ScratchArena arena(scratch);
  const Matrix new_left = arena.allocate(left.rows, left.rows);
  const Matrix new_right = arena.allocate(right.rows, right.rows);
  const Matrix half = arena.allocate(mean.rows, mean.columns);
  const Matrix other = arena.allocate(mean.rows, mean.columns);
  const std::span<Index> rows = arena.allocate_array<Index>(left.rows);
  const std::span<Index> columns = arena.allocate_array<Index>(right.rows);
  const std::span<float> rest = arena.rest();
  // A basis that cannot follow stays; both must move together, or the moments would not fit.
  if (!follow(state[left_statistics_place], left, new_left, rows, rest) ||
      !follow(state[right_statistics_place], right, new_right, columns, rest))
    return 1;
  // M' = U' (U^T M V) V'^T, in single precision: rounding would add up over the run.
  gemm(true, false, left, mean, 0, half);
  gemm(false, false, half, right, 0, other);
  gemm(false, false, new_left, other, 0, half);
  gemm(false, true, half, new_right, 0, mean);
  for (Index r = 0; r < variance.rows; ++r) {
    for (Index c = 0; c < variance.columns; ++c)
      other(r, c) =
          variance(rows[static_cast<std::size_t>(r)], columns[static_cast<std::size_t>(c)]);
  }
  copy(other, variance);
  copy(new_left, left);
  copy(new_right, right);
  return 0;
}

void Soap::replace_by_direction(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                                std::span<float> scratch) const {
  const double sides = static_cast<double>(block.rows * block.columns) *
                       static_cast<double>(block.rows + block.columns);
  const PhaseSpan span(step.recorder, Phase::precondition, 0, 4 * sides);
  ScratchArena arena(scratch);
  const Matrix half = arena.allocate(block.rows, block.columns);
  const Matrix rotated = arena.allocate(block.rows, block.columns);
  const std::span<float> rest = arena.rest();
  const Matrix left = state[left_basis_place];
  const Matrix right = state[right_basis_place];
  multiply(false, false, left, block, half, rest);
  multiply(false, true, half, right, rotated, rest);
  const auto t = static_cast<double>(step.step - 1);
  const auto m = static_cast<float>(momentum_);
  const auto mean_correction = static_cast<float>(1 / (1 - std::pow(momentum_, t)));
  const auto variance_correction =
      static_cast<float>(1 / std::sqrt(1 - std::pow(settings_.statistics_decay, t)));
  const auto decay = static_cast<float>(settings_.statistics_decay);
  const auto epsilon = static_cast<float>(epsilon_);
  for (Index r = 0; r < block.rows; ++r) {
    float* __restrict value = rotated.row(r).data();
    float* __restrict mean = state[mean_place].row(r).data();
    float* __restrict variance = state[variance_place].row(r).data();
    for (Index c = 0; c < block.columns; ++c) {
      const float g = value[c];
      mean[c] = flush_subnormal(m * mean[c] + (1 - m) * g);
      variance[c] = flush_subnormal(decay * variance[c] + (1 - decay) * g * g);
      value[c] =
          mean_correction * mean[c] / (std::sqrt(variance[c]) * variance_correction + epsilon);
    }
  }
  multiply(true, false, left, rotated, half, rest);
  multiply(false, false, half, right, block, rest);
}

Index Soap::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                      std::span<float> scratch) const {
  update_statistics(settings_, step, bfloat16_, block, state[left_statistics_place],
                    state[right_statistics_place], scratch);
  if (step.step == 1) {
    // There are no bases yet.
    for (Index r = 0; r < block.rows; ++r) std::ranges::fill(block.row(r), 0.0F);
  } else {
    replace_by_direction(step, block, state, scratch);
  }
  // After the direction: bases that are fitted to a gradient make it sparse, and then Adam, whose
  // second moment knows the old bases, blows its small elements up to full steps.
  if (!step.refresh) return 0;
  const PhaseSpan span(step.recorder, Phase::roots);
  return refresh(step.step, state, scratch);
}

}  // namespace hourglass
