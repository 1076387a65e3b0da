#include "optim/sgd.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

namespace {

struct Factors {
  float scale;
  float decay;
  float rate;
  float momentum;
};

void plain(const Factors f, std::size_t size, float* __restrict p,
           const float* __restrict gradient) {
  for (std::size_t i = 0; i < size; ++i) {
    const float g = f.scale * gradient[i] + f.decay * p[i];
    p[i] -= f.rate * g;
  }
}

template <bool nesterov>
void with_momentum(const Factors f, std::size_t size, float* __restrict p,
                   const float* __restrict gradient, float* __restrict momentum) {
  for (std::size_t i = 0; i < size; ++i) {
    const float g = f.scale * gradient[i] + f.decay * p[i];
    const float b = flush_subnormal(f.momentum * momentum[i] + g);
    momentum[i] = b;
    p[i] -= f.rate * (nesterov ? g + f.momentum * b : b);
  }
}

}  // namespace

Sgd::Sgd(const OptimizerSettings& settings)
    : momentum_(settings.momentum),
      initial_momentum_(settings.initial_momentum),
      initial_steps_(settings.initial_momentum_steps),
      scheduled_(settings.momentum_schedule == "sutskever"),
      nesterov_(settings.nesterov),
      weight_decay_(settings.weight_decay) {
  check_coefficient("--momentum", momentum_);
  check_not_negative("--weight-decay", weight_decay_);
  if (!scheduled_ && settings.momentum_schedule != "constant") {
    const std::vector<std::string> choices = {"constant", "sutskever"};
    throw_unknown_choice("--momentum-schedule", settings.momentum_schedule, choices);
  }
  if (scheduled_ && momentum_ == 0) {
    throw Error(ErrorKind::usage,
                "--momentum-schedule sutskever needs a --momentum above 0, the largest that it "
                "reaches (0.99 is usual)");
  }
  if (nesterov_ && momentum_ == 0) {
    throw Error(ErrorKind::usage, "--nesterov needs a --momentum above 0 (0.9 is usual)");
  }
}

double Sgd::momentum_at(Index step) const {
  if (step <= initial_steps_) return std::min(initial_momentum_, momentum_);
  if (!scheduled_) return momentum_;
  const Index periods = (step - 1) / 250 + 1;
  return std::min(1.0 - std::exp2(-1.0 - std::log2(static_cast<double>(periods))), momentum_);
}

std::vector<std::string> Sgd::state_names() const {
  if (momentum_ == 0) return {};
  return {"momentum"};
}

void Sgd::update(const UpdateStep& step, std::span<float> parameters,
                 std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size(),
          "parameters and gradient of an update differ in length");
  require(state.size() == (momentum_ == 0 ? 0U : 1U),
          "an update of SGD with another optimizer's state");
  const Factors factors = {
      .scale = step.gradient_scale,
      .decay = static_cast<float>(weight_decay_ * step.decay_factor),
      .rate = static_cast<float>(step.learning_rate * step.rate_factor),
      .momentum = static_cast<float>(momentum_at(step.step)),
  };
  if (momentum_ == 0) {
    plain(factors, parameters.size(), parameters.data(), gradient.data());
  } else if (nesterov_) {
    with_momentum<true>(factors, parameters.size(), parameters.data(), gradient.data(), state[0]);
  } else {
    with_momentum<false>(factors, parameters.size(), parameters.data(), gradient.data(), state[0]);
  }
}

}  // namespace hourglass
