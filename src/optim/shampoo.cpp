#include "optim/shampoo.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/gradient_statistics.hpp"
#include "optim/two_sided_step.hpp"

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

void check_interval(const char* option, Index value) {
  if (value < 1)
    throw Error(ErrorKind::usage, fmt::format("{} must be at least 1, not {}", option, value));
}

}  // namespace

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
      graft_(settings),
      bfloat16_(settings.precision == "bf16") {
  check_coefficient("--momentum", momentum_);
  check_preconditioner(settings_);
}

std::vector<MatrixRule::State> Shampoo::states(Index rows, Index columns) const {
  std::vector<State> states = {{"momentum", rows, columns},
                               {"left_statistics", rows, rows},
                               {"right_statistics", columns, columns},
                               {"left_root", rows, rows},
                               {"right_root", columns, columns}};
  if (graft_.keeps_variance()) states.push_back({"graft_variance", rows, columns});
  return states;
}

Index Shampoo::scratch_floats(Index rows, Index columns) const {
  return std::max({inverse_root_scratch_floats(std::max(rows, columns)),
                   statistics_scratch_floats(rows, columns),
                   two_sided_scratch_floats(rows, columns)});
}

double Shampoo::flops(Index rows, Index columns) const {
  const double sides = static_cast<double>(rows * columns) * static_cast<double>(rows + columns);
  return sides / static_cast<double>(settings_.statistics_every) + 2 * sides +
         root_flops_per_cube * (cube(rows) + cube(columns)) / static_cast<double>(settings_.every);
}

Index Shampoo::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                         std::span<float> scratch) const {
  update_statistics(settings_, step, bfloat16_, block, state[left_statistics_place],
                    state[right_statistics_place], scratch);
  Index failures = 0;
  if (step.refresh) {
    const PhaseSpan span(step.recorder, Phase::roots);
    const RootSettings root{settings_.exponent, settings_.damping};
    failures += inverse_root(state[left_statistics_place], root, state[left_root_place], scratch);
    failures += inverse_root(state[right_statistics_place], root, state[right_root_place], scratch);
  }
  take_two_sided_step(step, graft_, momentum_, bfloat16_,
                      {state[left_root_place], state[right_root_place], state[momentum_place],
                       graft_.keeps_variance() ? state[variance_place] : Matrix()},
                      block, scratch);
  return failures;
}

}  // namespace hourglass
