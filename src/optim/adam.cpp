#include "optim/adam.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/running_mean.hpp"

namespace hourglass {

namespace {

struct Factors {
  float scale;
  float l2;
  float decay;
  RunningMean mean;
  RunningMean variance;
  float rate;
  float variance_correction;
  float epsilon;
};

// One loop for both decays: the factor that is not in use is 0, and memory is the limit anyway.
void run(const Factors f, std::size_t size, float* __restrict p, const float* __restrict gradient,
         float* __restrict mean, float* __restrict variance) {
  for (std::size_t i = 0; i < size; ++i) {
    const float g = f.scale * gradient[i] + f.l2 * p[i];
    const float m = f.mean(mean[i], g);
    const float v = f.variance(variance[i], g * g);
    mean[i] = m;
    variance[i] = v;
    const float deviation = std::sqrt(v) * f.variance_correction + f.epsilon;
    p[i] -= f.rate * (m / deviation) + f.decay * p[i];
  }
}

}  // namespace

Adam::Adam(const OptimizerSettings& settings, Decay decay)
    : beta1_(settings.beta1),
      beta2_(settings.beta2),
      epsilon_(settings.epsilon),
      weight_decay_(settings.weight_decay),
      decay_(decay) {
  check_coefficient("--beta1", beta1_);
  check_coefficient("--beta2", beta2_);
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> Adam::state_names() const { return {"mean", "variance"}; }

void Adam::update(const UpdateStep& step, std::span<float> parameters,
                  std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size(),
          "parameters and gradient of an update differ in length");
  require(state.size() == 2, "an update of Adam with another optimizer's state");
  require(step.step >= 1, "the first update of Adam is step 1");
  const auto t = static_cast<double>(step.step);
  const double rate = step.learning_rate * step.rate_factor;
  const double decay = weight_decay_ * step.decay_factor;
  const bool decoupled = decay_ == Decay::decoupled;
  const Factors factors = {
      .scale = step.gradient_scale,
      .l2 = decoupled ? 0.0F : static_cast<float>(decay),
      .decay = decoupled ? static_cast<float>(rate * decay) : 0.0F,
      .mean = RunningMean(beta1_),
      .variance = RunningMean(beta2_),
      .rate = static_cast<float>(rate / (1.0 - std::pow(beta1_, t))),
      .variance_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, t))),
      .epsilon = static_cast<float>(epsilon_),
  };
  run(factors, parameters.size(), parameters.data(), gradient.data(), state[0], state[1]);
}

}  // namespace hourglass
