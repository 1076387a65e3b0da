#include "optim/matrix_optimizer.hpp"

#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

MatrixOptimizer::MatrixOptimizer(const OptimizerSettings& settings,
                                 std::unique_ptr<MatrixRule> rule)
    : weight_decay_(rule->weight_decay() > 0 ? 0 : settings.weight_decay),
      adam_(settings, Adam::Decay::decoupled),
      rule_(std::move(rule)) {}

void MatrixOptimizer::update(const UpdateStep& step, std::span<float> parameters,
                             std::span<const float> gradient, std::span<float* const> state) const {
  if (!step.matrix) {
    adam_.update(step, parameters, gradient, state);
    return;
  }
  require(parameters.size() == gradient.size(),
          "parameters and direction of an update differ in length");
  const double exact_rate = step.learning_rate * step.rate_factor;
  const auto rate = static_cast<float>(exact_rate);
  const auto decay = static_cast<float>(exact_rate * weight_decay_ * step.decay_factor);
  float* __restrict p = parameters.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) p[i] -= rate * gradient[i] + decay * p[i];
}

}  // namespace hourglass
