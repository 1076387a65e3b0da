#include "optim/rmsprop.hpp"

#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/running_mean.hpp"

namespace hourglass {

namespace {

struct Factors {
  float scale;
  float decay;
  float rate;
  float epsilon;
  float momentum;
  RunningMean average;
};

template <bool centered, bool with_momentum>
void run(const Factors f, std::size_t size, float* __restrict p, const float* __restrict gradient,
         float* __restrict variance, float* __restrict mean, float* __restrict momentum) {
  for (std::size_t i = 0; i < size; ++i) {
    const float g = f.scale * gradient[i] + f.decay * p[i];
    const float v = f.average(variance[i], g * g);
    variance[i] = v;
    float d = v;
    if constexpr (centered) {
      mean[i] = f.average(mean[i], g);
      d = v - mean[i] * mean[i];
      d = d < 0 ? 0.0F : d;
    }
    float move = g / (std::sqrt(d) + f.epsilon);
    if constexpr (with_momentum) {
      // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is there when there is momentum
      move = flush_subnormal(f.momentum * momentum[i] + move);
      momentum[i] = move;
    }
    p[i] -= f.rate * move;
  }
}

}  // namespace

RmsProp::RmsProp(const OptimizerSettings& settings)
    : beta2_(settings.beta2),
      epsilon_(settings.epsilon),
      weight_decay_(settings.weight_decay),
      momentum_(settings.momentum),
      centered_(settings.centered) {
  check_coefficient("--beta2", beta2_);
  check_coefficient("--momentum", momentum_);
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> RmsProp::state_names() const {
  std::vector<std::string> names = {"variance"};
  if (centered_) names.emplace_back("mean");
  if (momentum_ > 0) names.emplace_back("momentum");
  return names;
}

void RmsProp::update(const UpdateStep& step, std::span<float> parameters,
                     std::span<const float> gradient, std::span<float* const> state) const {
  const std::size_t states = 1U + (centered_ ? 1U : 0U) + (momentum_ > 0 ? 1U : 0U);
  require(parameters.size() == gradient.size() && state.size() == states,
          "an update of RMSProp with another optimizer's state");
  const Factors f = {
      .scale = step.gradient_scale,
      .decay = static_cast<float>(weight_decay_ * step.decay_factor),
      .rate = static_cast<float>(step.learning_rate * step.rate_factor),
      .epsilon = static_cast<float>(epsilon_),
      .momentum = static_cast<float>(momentum_),
      .average = RunningMean(beta2_),
  };
  float* const mean = centered_ ? state[1] : nullptr;
  float* const momentum = momentum_ > 0 ? state.back() : nullptr;
  const std::size_t size = parameters.size();
  if (centered_) {
    momentum_ > 0
        ? run<true, true>(f, size, parameters.data(), gradient.data(), state[0], mean, momentum)
        : run<true, false>(f, size, parameters.data(), gradient.data(), state[0], mean, momentum);
  } else {
    momentum_ > 0
        ? run<false, true>(f, size, parameters.data(), gradient.data(), state[0], mean, momentum)
        : run<false, false>(f, size, parameters.data(), gradient.data(), state[0], mean, momentum);
  }
}

}  // namespace hourglass
