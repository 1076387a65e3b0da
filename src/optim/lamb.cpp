#include "optim/lamb.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"
#include "optim/clip.hpp"
#include "optim/running_mean.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

struct Lamb::Direction {
  float mean_correction;
  float variance_correction;
  float epsilon;
  float decay;
  float operator()(float mean, float variance, float parameter) const {
    return mean_correction * mean / (std::sqrt(variance) * variance_correction + epsilon) +
           decay * parameter;
  }
};

Lamb::Lamb(const OptimizerSettings& settings)
    : beta1_(settings.beta1),
      beta2_(settings.beta2),
      epsilon_(settings.epsilon),
      weight_decay_(settings.weight_decay) {
  check_coefficient("--beta1", beta1_);
  check_coefficient("--beta2", beta2_);
  check_positive_float("--epsilon", epsilon_);
  check_not_negative("--weight-decay", weight_decay_);
}

std::vector<std::string> Lamb::state_names() const { return {"mean", "variance"}; }

Lamb::Direction Lamb::direction(const UpdateStep& step) const {
  const auto t = static_cast<double>(step.step);
  return {static_cast<float>(1.0 / (1.0 - std::pow(beta1_, t))),
          static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, t))),
          static_cast<float>(epsilon_), static_cast<float>(weight_decay_ * step.decay_factor)};
}

void Lamb::advance(const UpdateStep& step, std::span<const float> parameters,
                   std::span<const float> gradient, std::span<float* const> state,
                   TensorNorms& norms) const {
  require(parameters.size() == gradient.size() && state.size() == 2,
          "an update of LAMB with another optimizer's state");
  const RunningMean mean_average(beta1_);
  const RunningMean variance_average(beta2_);
  const Direction direction = this->direction(step);
  const float scale = step.gradient_scale;
  constexpr std::size_t cell = cell_floats;
  std::array<float, cell> values{};
  for (std::size_t begin = 0; begin < parameters.size(); begin += cell) {
    const std::size_t count = std::min(cell, parameters.size() - begin);
    for (std::size_t c = 0; c < count; ++c) {
      const std::size_t i = begin + c;
      const float g = scale * gradient[i];
      state[0][i] = mean_average(state[0][i], g);
      state[1][i] = variance_average(state[1][i], g * g);
      values[c] = direction(state[0][i], state[1][i], parameters[i]);
    }
    add_sum_of_squares({values.data(), count}, norms.direction);
  }
  add_sum_of_squares(parameters, norms.parameters);
}

double Lamb::trust_ratio(const UpdateStep& /*step*/, double parameter_norm,
                         double direction_norm) const {
  return parameter_norm == 0 || vanishes(direction_norm) ? 1.0 : parameter_norm / direction_norm;
}

void Lamb::update(const UpdateStep& step, std::span<float> parameters,
                  std::span<const float> gradient, std::span<float* const> state) const {
  require(parameters.size() == gradient.size() && state.size() == 2,
          "an update of LAMB with another optimizer's state");
  const Direction direction = this->direction(step);
  const auto rate = static_cast<float>(step.learning_rate * step.rate_factor);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i] -= rate * direction(state[0][i], state[1][i], parameters[i]);
}

}  // namespace hourglass
