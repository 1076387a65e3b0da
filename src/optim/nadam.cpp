#include "optim/nadam.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/running_mean.hpp"

namespace hourglass {

namespace {

double momentum_at(double beta1, Index t) {
  return beta1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(t)));
}

// Near the smallest double further factors no longer matter: the product ends there, as 0.
double product_until(double beta1, Index t) {
  double product = 1;
  for (Index i = 1; i <= t && product > 1e-300; ++i) product *= momentum_at(beta1, i);
  return product > 1e-300 ? product : 0.0;
}

}  // namespace

NAdam::NAdam(const OptimizerSettings& settings)
    : beta1_(settings.beta1),
      beta2_(settings.beta2),
      epsilon_(settings.epsilon),
      weight_decay_(settings.weight_decay) {
  check_coefficient("--beta1", beta1_);
  check_coefficient("--beta2", beta2_);
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> NAdam::state_names() const { return {"mean", "variance"}; }

void NAdam::update(const UpdateStep& step, std::span<float> parameters,
                   std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size() && state.size() == 2,
          "an update of NAdam with another optimizer's state");
  const double rate = step.learning_rate * step.rate_factor;
  const double now = product_until(beta1_, step.step);
  const double next = momentum_at(beta1_, step.step + 1);
  const auto gradient_rate =
      static_cast<float>(rate * (1 - momentum_at(beta1_, step.step)) / (1 - now));
  const auto mean_rate = static_cast<float>(rate * next / (1 - now * next));
  const auto correction =
      static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, static_cast<double>(step.step))));
  const float scale = step.gradient_scale;
  const auto decay = static_cast<float>(weight_decay_ * step.decay_factor);
  const auto epsilon = static_cast<float>(epsilon_);
  const RunningMean mean_average(beta1_);
  const RunningMean variance_average(beta2_);
  float* __restrict p = parameters.data();
  float* __restrict mean = state[0];
  float* __restrict variance = state[1];
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const float g = scale * gradient[i] + decay * p[i];
    const float m = mean_average(mean[i], g);
    const float v = variance_average(variance[i], g * g);
    mean[i] = m;
    variance[i] = v;
    p[i] -= (gradient_rate * g + mean_rate * m) / (std::sqrt(v) * correction + epsilon);
  }
}

}  // namespace hourglass
