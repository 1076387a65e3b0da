#include "optim/levenberg_marquardt.hpp"

#include <algorithm>
#include <cmath>

#include "optim/growing_interval.hpp"

namespace hourglass {

namespace {

constexpr Index largest_interval = 5;
constexpr double factor_per_step = 19.0 / 20.0;
constexpr double good_ratio = 0.75;
constexpr double poor_ratio = 0.25;
constexpr double largest_scale_change = 4;
// Of the loss: passes in single precision.
constexpr double resolution = 1e-6;

Index interval(Index step) { return growing_interval(step, roots_share, largest_interval); }

}  // namespace

bool LevenbergMarquardt::is_due(Index step) { return step % interval(step) == 0; }

void LevenbergMarquardt::observe(Index step, const StepOutcome& outcome) {
  const double bent = outcome.change - outcome.slope;
  if (!std::isfinite(bent) || !std::isfinite(outcome.curvature) || outcome.curvature <= 0) return;
  const double expected_bend = 0.5 * scale_ * outcome.curvature;
  const double expected = outcome.slope + expected_bend;
  const double visible = resolution * std::fabs(outcome.loss);
  if (adapts_ && scale_ > 0 && expected < -visible) {
    const double ratio = outcome.change / expected;
    // Of lambda the power of the steps, of its root half of that.
    const double factor = std::pow(factor_per_step, 0.5 * static_cast<double>(interval(step)));
    if (ratio > good_ratio) damping_ *= factor;
    if (ratio < poor_ratio) damping_ /= factor;
    damping_ = std::clamp(damping_, smallest_damping, largest_damping);
  }
  if (std::max(std::fabs(bent), expected_bend) < visible) return;
  const double measured = 2 * bent / outcome.curvature;
  if (scale_ > 0) {
    scale_ *=
        std::sqrt(std::clamp(measured / scale_, 1 / largest_scale_change, largest_scale_change));
  } else if (measured > 0) {
    scale_ = measured;
  }
}

}  // namespace hourglass
