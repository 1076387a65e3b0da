#include "optim/kfac.hpp"

#include <algorithm>
#include <cmath>

#include "optim/check.hpp"
#include "optim/matrix_root.hpp"
#include "optim/shampoo.hpp"
#include "optim/subnormal.hpp"
#include "optim/two_sided_step.hpp"

namespace hourglass {

namespace {

enum Place : std::size_t {
  momentum_place,
  left_statistics_place,
  right_statistics_place,
  left_inverse_place,
  right_inverse_place,
  variance_place,
};

void follow(double decay, ConstMatrix sums, Matrix statistics) {
  const auto kept = static_cast<float>(decay);
  for (Index r = 0; r < sums.rows; ++r) {
    const std::span<const float> from = sums.row(r);
    const std::span<float> to = statistics.row(r);
    for (std::size_t c = 0; c < to.size(); ++c)
      to[c] = flush_subnormal(kept * to[c] + (1 - kept) * from[c]);
  }
}

}  // namespace

Kfac::Kfac(const OptimizerSettings& settings)
    : settings_(settings.precondition),
      momentum_(settings.momentum),
      graft_(settings),
      bfloat16_(settings.precision == "bf16") {
  check_coefficient("--momentum", momentum_);
  check_preconditioner(settings_);
  check_positive_float("--kfac-damping", settings_.kfac_damping);
}

std::vector<MatrixRule::State> Kfac::states(Index rows, Index columns) const {
  std::vector<State> states = {{"momentum", rows, columns},
                               {"left_statistics", rows, rows},
                               {"right_statistics", columns, columns},
                               {"left_inverse", rows, rows},
                               {"right_inverse", columns, columns}};
  if (graft_.keeps_variance()) states.push_back({"graft_variance", rows, columns});
  return states;
}

Index Kfac::scratch_floats(Index rows, Index columns) const {
  return std::max(damped_inverse_scratch_floats(std::max(rows, columns)),
                  two_sided_scratch_floats(rows, columns));
}

double Kfac::flops(Index rows, Index columns) const {
  return two_sided_flops(rows, columns) +
         (cube(rows) + cube(columns)) / static_cast<double>(settings_.every);
}

Index Kfac::transform(const MatrixStep& step, Matrix block, std::span<const Matrix> state,
                      std::span<float> scratch) const {
  if (!step.left.empty()) {
    const PhaseSpan span(step.recorder, Phase::statistics);
    const double decay =
        std::pow(settings_.statistics_decay, static_cast<double>(settings_.statistics_every));
    follow(decay, step.left, state[left_statistics_place]);
    follow(decay, step.right, state[right_statistics_place]);
  }
  Index failures = 0;
  if (step.refresh) {
    const PhaseSpan span(step.recorder, Phase::roots);
    failures += damped_inverse(state[left_statistics_place], settings_.kfac_damping,
                               state[left_inverse_place], scratch);
    failures += damped_inverse(state[right_statistics_place], settings_.kfac_damping,
                               state[right_inverse_place], scratch);
  }
  take_two_sided_step(step, graft_, momentum_, bfloat16_,
                      {state[left_inverse_place], state[right_inverse_place], state[momentum_place],
                       graft_.keeps_variance() ? state[variance_place] : Matrix()},
                      block, scratch);
  return failures;
}

}  // namespace hourglass
