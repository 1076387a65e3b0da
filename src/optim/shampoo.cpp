#include "optim/shampoo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/gradient_statistics.hpp"
#include "optim/rounded_product.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

namespace {

enum Place : std::size_t {
  momentum_place,
  left_statistics_place,
  right_statistics_place,
  left_root_place,
  right_root_place,
  variance_place,
};

// FLOP of an eigendecomposition and the product after it, at a GEMM's speed.
constexpr double root_flops_per_cube = 8;

double cube(Index n) { return static_cast<double>(n) * static_cast<double>(n * n); }

double sum_of_squares(ConstMatrix m) {
  double sum = 0;
  for (Index r = 0; r < m.rows; ++r) {
    for (const float value : m.row(r))
      sum += static_cast<double>(value) * static_cast<double>(value);
  }
  return sum;
}

void check_interval(const char* option, Index value) {
  if (value < 1)
    throw Error(ErrorKind::usage, fmt::format("{} must be at least 1, not {}", option, value));
}

}  // namespace

std::vector<std::string> graft_names() { return {"spectral", "adam", "sgd"}; }

void check_preconditioner(const PreconditionSettings& settings) {
  check_interval("--precondition-block", settings.block);
  check_interval("--precondition-every", settings.every);
  check_interval("--statistics-every", settings.statistics_every);
  check_coefficient("--statistics-decay", settings.statistics_decay);
  check_positive_float("--precondition-damping", settings.damping);
  check_positive("--precondition-exponent", settings.exponent);
}

Shampoo::Shampoo(const OptimizerSettings& settings)
    : settings_(settings.precondition),
      momentum_(settings.momentum),
      beta2_(settings.beta2),
      epsilon_(settings.epsilon),
      bfloat16_(settings.precision == "bf16") {
  check_coefficient("--momentum", momentum_);
  check_preconditioner(settings_);
  const std::vector<std::string> grafts = graft_names();
  const auto graft = std::ranges::find(grafts, settings_.graft);
  if (graft == grafts.end()) throw_unknown_choice("--graft", settings_.graft, grafts);
  graft_ = static_cast<Graft>(graft - grafts.begin());
}

std::vector<MatrixRule::State> Shampoo::states(Index rows, Index columns) const {
  std::vector<State> states = {{"momentum", rows, columns},
                               {"left_statistics", rows, rows},
                               {"right_statistics", columns, columns},
                               {"left_root", rows, rows},
                               {"right_root", columns, columns}};
  if (graft_ == Graft::adam) states.push_back({"graft_variance", rows, columns});
  return states;
}

Index Shampoo::scratch_floats(Index rows, Index columns) const {
  const Index largest = std::max(rows, columns);
  return std::max(inverse_root_scratch_floats(largest),
                  ScratchArena::floats_of(rows, columns) +
                      rounded_product_scratch_floats(largest * largest, rows * columns));
}

double Shampoo::flops(Index rows, Index columns) const {
  const double sides = static_cast<double>(rows * columns) * static_cast<double>(rows + columns);
  return sides / static_cast<double>(settings_.statistics_every) + 2 * sides +
         root_flops_per_cube * (cube(rows) + cube(columns)) / static_cast<double>(settings_.every);
}

Index Shampoo::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                         std::span<float> scratch) const {
  const double sides = static_cast<double>(block.rows * block.columns) *
                       static_cast<double>(block.rows + block.columns);
  update_statistics(settings_, step, block, state[left_statistics_place],
                    state[right_statistics_place]);
  Index failures = 0;
  if (step.refresh) {
    const PhaseSpan span(step.recorder, Phase::roots);
    const RootSettings root{settings_.exponent, settings_.damping};
    failures += inverse_root(state[left_statistics_place], root, state[left_root_place], scratch);
    failures += inverse_root(state[right_statistics_place], root, state[right_root_place], scratch);
  }
  const PhaseSpan span(step.recorder, Phase::precondition, 0, 2 * sides);
  const Matrix momentum = state[momentum_place];
  const auto m = static_cast<float>(momentum_);
  for (Index r = 0; r < block.rows; ++r) {
    const std::span<const float> gradient = block.row(r);
    const std::span<float> sum = momentum.row(r);
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] = flush_subnormal(m * sum[c] + gradient[c]);
  }
  const double norm = grafted_norm(step.step, block, momentum, state);
  ScratchArena arena(scratch);
  const Matrix half = arena.allocate(block.rows, block.columns);
  product(bfloat16_, state[left_root_place], momentum, half, arena.rest());
  product(bfloat16_, half, state[right_root_place], block, arena.rest());
  const double own = std::sqrt(sum_of_squares(block));
  const auto factor = static_cast<float>(own > 0 ? norm / own : 0);
  for (Index r = 0; r < block.rows; ++r) {
    for (float& value : block.row(r)) value *= factor;
  }
  return failures;
}

// The norm of the step whose size is taken. May update its variance.
double Shampoo::grafted_norm(Index step, ConstMatrix gradient, ConstMatrix momentum,
                             std::span<const Matrix> state) const {
  if (graft_ == Graft::sgd) return std::sqrt(sum_of_squares(momentum));
  const auto rows = static_cast<double>(momentum.rows);
  const auto columns = static_cast<double>(momentum.columns);
  if (graft_ == Graft::spectral)
    return std::sqrt(std::min(rows, columns)) * std::sqrt(std::max(1.0, rows / columns));
  const auto t = static_cast<double>(step);
  const double mean_correction = (1 - momentum_) / (1 - std::pow(momentum_, t));
  const double variance_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
  const auto decay = static_cast<float>(beta2_);
  double sum = 0;
  for (Index r = 0; r < momentum.rows; ++r) {
    for (Index c = 0; c < momentum.columns; ++c) {
      float& variance = state[variance_place](r, c);
      const float g = gradient(r, c);
      variance = flush_subnormal(decay * variance + (1 - decay) * g * g);
      const double element =
          mean_correction * static_cast<double>(momentum(r, c)) /
          (std::sqrt(static_cast<double>(variance)) * variance_correction + epsilon_);
      sum += element * element;
    }
  }
  return std::sqrt(sum);
}

}  // namespace hourglass
