#include "optim/lars.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/clip.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

Lars::Lars(const OptimizerSettings& settings)
    : momentum_(settings.momentum),
      weight_decay_(settings.weight_decay),
      trust_(settings.trust_coefficient) {
  check_coefficient("--momentum", momentum_);
  check_not_negative("--weight-decay", weight_decay_);
  check_positive("--trust-coefficient", trust_);
}

std::vector<std::string> Lars::state_names() const { return {"momentum"}; }

void Lars::advance(const UpdateStep& /*step*/, std::span<const float> parameters,
                   std::span<const float> gradient, std::span<float* const> /*state*/,
                   TensorNorms& norms) const {
  add_sum_of_squares(parameters, norms.parameters);
  add_sum_of_squares(gradient, norms.direction);
}

double Lars::trust_ratio(const UpdateStep& step, double parameter_norm,
                         double direction_norm) const {
  const double gradient_norm = direction_norm * static_cast<double>(step.gradient_scale);
  if (parameter_norm == 0 || vanishes(gradient_norm)) return 1;
  return trust_ * parameter_norm /
         (gradient_norm + weight_decay_ * step.decay_factor * parameter_norm);
}

void Lars::update(const UpdateStep& step, std::span<float> parameters,
                  std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size() && state.size() == 1,
          "an update of LARS with another optimizer's state");
  const float scale = step.gradient_scale;
  const auto decay = static_cast<float>(weight_decay_ * step.decay_factor);
  const auto rate = static_cast<float>(step.learning_rate * step.rate_factor);
  const auto m = static_cast<float>(momentum_);
  float* __restrict p = parameters.data();
  float* __restrict momentum = state[0];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const float g = scale * gradient[i] + decay * p[i];
    const float b = flush_subnormal(m * momentum[i] + rate * g);
    momentum[i] = b;
    p[i] -= b;
  }
}

}  // namespace hourglass
