#include "optim/adadelta.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/running_mean.hpp"

namespace hourglass {

AdaDelta::AdaDelta(const OptimizerSettings& settings)
    : beta2_(settings.beta2), epsilon_(settings.epsilon), weight_decay_(settings.weight_decay) {
  check_coefficient("--beta2", beta2_);
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> AdaDelta::state_names() const { return {"variance", "step_variance"}; }

void AdaDelta::update(const UpdateStep& step, std::span<float> parameters,
                      std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size() && state.size() == 2,
          "an update of Adadelta with another optimizer's state");
  const float scale = step.gradient_scale;
  const auto decay = static_cast<float>(weight_decay_ * step.decay_factor);
  const auto rate = static_cast<float>(step.learning_rate * step.rate_factor);
  const auto epsilon = static_cast<float>(epsilon_);
  const RunningMean average(beta2_);
  float* __restrict p = parameters.data();
  float* __restrict variance = state[0];
  float* __restrict step_variance = state[1];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const float g = scale * gradient[i] + decay * p[i];
    const float v = average(variance[i], g * g);
    const float u = step_variance[i];
    const float d = g * (std::sqrt(u + epsilon) / std::sqrt(v + epsilon));
    variance[i] = v;
    step_variance[i] = average(u, d * d);
    p[i] -= rate * d;
  }
}

}  // namespace hourglass
