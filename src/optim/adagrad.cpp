#include "optim/adagrad.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"

namespace hourglass {

AdaGrad::AdaGrad(const OptimizerSettings& settings)
    : epsilon_(settings.epsilon), weight_decay_(settings.weight_decay) {
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> AdaGrad::state_names() const { return {"sum"}; }

void AdaGrad::update(const UpdateStep& step, std::span<float> parameters,
                     std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size() && state.size() == 1,
          "an update of AdaGrad with another optimizer's state");
  const float scale = step.gradient_scale;
  const auto decay = static_cast<float>(weight_decay_ * step.decay_factor);
  const auto rate = static_cast<float>(step.learning_rate * step.rate_factor);
  const auto epsilon = static_cast<float>(epsilon_);
  float* __restrict p = parameters.data();
  float* __restrict sum = state[0];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const float g = scale * gradient[i] + decay * p[i];
    sum[i] += g * g;
    p[i] -= rate * (g / (std::sqrt(sum[i]) + epsilon));
  }
}

}  // namespace hourglass
