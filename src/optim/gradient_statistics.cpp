#include "optim/gradient_statistics.hpp"

#include <cmath>

#include "math/symmetric.hpp"
#include "optim/growing_interval.hpp"

namespace hourglass {

void update_statistics(const PreconditionSettings& settings, const MatrixStep& step,
                       ConstMatrix gradient, Matrix left, Matrix right) {
  const Index interval = growing_interval(step.step, statistics_share, settings.statistics_every);
  if ((step.step - 1) % interval != 0) return;
  const double flops = static_cast<double>(gradient.rows * gradient.columns) *
                       static_cast<double>(gradient.rows + gradient.columns);
  const PhaseSpan span(step.recorder, Phase::statistics, 0, flops);
  const auto decay =
      static_cast<float>(std::pow(settings.statistics_decay, static_cast<double>(interval)));
  symmetric_product(false, 1 - decay, gradient, decay, left);
  symmetric_product(true, 1 - decay, gradient, decay, right);
}

}  // namespace hourglass
