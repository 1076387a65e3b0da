#include "optim/kfac.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/levenberg_marquardt.hpp"
#include "optim/matrix_root.hpp"
#include "optim/rounded_product.hpp"
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

// The rate that takes the step of the quadratic model whole: the default of --learning-rate, which
// is also that of biases.
constexpr double model_rate = 0.03;
// Below, no gradient has reached the weights.
constexpr double smallest_size = 1e-30;

bool is_second(const std::string& option, const std::string& value, const char* second) {
  const std::array<std::string, 2> choices = {"constant", second};
  if (value != choices[0] && value != choices[1]) throw_unknown_choice(option, value, choices);
  return value == second;
}

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
      bfloat16_(settings.precision == "bf16"),
      adapts_(is_second("--kfac-damping-rule", settings_.kfac_damping_rule, "adaptive")),
      quadratic_(is_second("--kfac-momentum", settings_.kfac_momentum, "quadratic")),
      decay_(settings.weight_decay) {
  check_coefficient("--momentum", momentum_);
  check_preconditioner(settings_);
  check_positive_float("--kfac-damping", settings_.kfac_damping);
  using Rule = LevenbergMarquardt;
  if (adapts_ && std::clamp(settings_.kfac_damping, Rule::smallest_damping,
                            Rule::largest_damping) != settings_.kfac_damping) {
    throw Error(ErrorKind::usage,
                fmt::format("--kfac-damping is {}; with --kfac-damping-rule adaptive it must be "
                            "from {} to {}",
                            settings_.kfac_damping, Rule::smallest_damping, Rule::largest_damping));
  }
}

std::vector<MatrixRule::State> Kfac::states(Index rows, Index columns) const {
  std::vector<State> states = {{"momentum", rows, columns},
                               {"left_statistics", rows, rows},
                               {"right_statistics", columns, columns},
                               {"left_inverse", rows, rows},
                               {"right_inverse", columns, columns}};
  if (keeps_variance()) states.push_back({"graft_variance", rows, columns});
  return states;
}

Index Kfac::scratch_floats(Index rows, Index columns) const {
  const Index floats = std::max(damped_inverse_scratch_floats(std::max(rows, columns)),
                                two_sided_scratch_floats(rows, columns));
  if (!has_model()) return floats;
  // Of curvature(), or of take_model_step(): its matrices and those of a product.
  return std::max(floats, 2 * ScratchArena::floats_of(rows, columns) +
                              std::max(kronecker_curvature_scratch_floats(rows, columns),
                                       two_sided_scratch_floats(rows, columns)));
}

double Kfac::flops(Index rows, Index columns) const {
  return (quadratic_ ? 3 : 1) * two_sided_flops(rows, columns) +
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
  const double damping = step.damping > 0 ? step.damping : settings_.kfac_damping;
  Index failures = 0;
  if (step.refresh) {
    const PhaseSpan span(step.recorder, Phase::roots);
    failures +=
        damped_inverse(state[left_statistics_place], damping, state[left_inverse_place], scratch);
    failures +=
        damped_inverse(state[right_statistics_place], damping, state[right_inverse_place], scratch);
  }
  if (quadratic_) {
    take_model_step(step, damping, block, state, scratch);
    return failures;
  }
  take_two_sided_step(step, graft_, momentum_, bfloat16_,
                      {state[left_inverse_place], state[right_inverse_place], state[momentum_place],
                       keeps_variance() ? state[variance_place] : Matrix()},
                      block, scratch);
  return failures;
}

KroneckerCurvature Kfac::curvature_of(Index factor_count, double damping,
                                      std::span<const Matrix> state) const {
  const double forgotten = std::pow(settings_.statistics_decay,
                                    static_cast<double>(factor_count * settings_.statistics_every));
  const double factor = 1 / ((1 - forgotten) * (1 - forgotten));
  return {state[left_statistics_place], state[right_statistics_place], factor, damping};
}

double Kfac::curvature(Index factor_count, double damping, ConstMatrix change,
                       std::span<const Matrix> state, std::span<float> scratch) const {
  ScratchArena arena(scratch);
  const Matrix image = arena.allocate(change.rows, change.columns);
  curvature_of(factor_count, damping, state).multiply(change, image, arena.rest());
  return inner_product(change, image);
}

// X, and its products with the gradient, the last direction and their curvature.
void Kfac::take_model_step(const MatrixStep& step, double damping, Matrix block,
                           std::span<const Matrix> state, std::span<float> scratch) const {
  const PhaseSpan span(step.recorder, Phase::precondition, 0,
                       3 * two_sided_flops(block.rows, block.columns));
  const KroneckerCurvature curvature = curvature_of(step.factor_count, damping, state);
  const Matrix last = state[momentum_place];
  ScratchArena arena(scratch);
  const Matrix direction = arena.allocate(block.rows, block.columns);
  const Matrix image = arena.allocate(block.rows, block.columns);
  product(bfloat16_, state[left_inverse_place], block, image, arena.rest());
  product(bfloat16_, image, state[right_inverse_place], direction, arena.rest());
  const double size = curvature.size();
  const auto factor = static_cast<float>(size < smallest_size ? 0 : 1 / size);
  for (Index r = 0; r < block.rows; ++r) {
    for (float& value : direction.row(r)) value *= factor;
  }
  const auto add = [&](ModelSums::Name name, double value) { step.sums->terms[name].add(value); };
  add(ModelSums::gradient_direction, inner_product(block, direction));
  add(ModelSums::gradient_last, inner_product(block, last));
  add(ModelSums::decay_direction_direction, step.decay * inner_product(direction, direction));
  add(ModelSums::decay_direction_last, step.decay * inner_product(direction, last));
  add(ModelSums::decay_last_last, step.decay * inner_product(last, last));
  curvature.multiply(direction, image, arena.rest());
  add(ModelSums::direction_direction, inner_product(direction, image));
  add(ModelSums::direction_last, inner_product(last, image));
  curvature.multiply(last, image, arena.rest());
  add(ModelSums::last_last, inner_product(last, image));
  for (Index r = 0; r < block.rows; ++r) std::ranges::copy(direction.row(r), block.row(r).begin());
}

void Kfac::complete(const ModelWeights& weights, Matrix block,
                    std::span<const Matrix> state) const {
  const auto alpha = static_cast<float>(weights.alpha);
  const auto mu = static_cast<float>(weights.mu);
  const auto per_rate = static_cast<float>(1 / model_rate);
  for (Index r = 0; r < block.rows; ++r) {
    const std::span<float> last = state[momentum_place].row(r);
    const std::span<float> direction = block.row(r);
    for (std::size_t c = 0; c < last.size(); ++c) {
      last[c] = flush_subnormal(alpha * direction[c] + mu * last[c]);
      direction[c] = per_rate * last[c];
    }
  }
}

}  // namespace hourglass
