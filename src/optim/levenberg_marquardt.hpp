#pragma once

#include "hourglass/core/types.hpp"
#include "optim/quadratic_model.hpp"

namespace hourglass {

/// A step as its quadratic model and the loss see it.
struct StepOutcome {
  double loss = 0;       ///< of the step's samples, before it
  double change = 0;     ///< of the same samples' loss, by the step
  double slope = 0;      ///< gradient^T step
  double curvature = 0;  ///< step^T C step, before the scale
};

/// The Levenberg-Marquardt rule for the damping lambda of a quadratic model (Martens & Grosse 2015,
/// section 6.5). Every few steps the change of the loss is compared with the model's,
///   rho = change / (slope + scale / 2 * curvature),
/// and with w = 19/20 for each step since the comparison before
///   lambda <- w lambda where rho > 3/4,   lambda <- lambda / w where rho < 1/4.
/// Damping here is sqrt(lambda), within smallest_damping and largest_damping.
///
/// C is made from gradients of the loss (the empirical Fisher matrix), which shrink with the errors
/// that are left, while the curvature of the loss need not: the scale, the ratio of both along the
/// steps taken, is measured in the same comparisons, 2 (change - slope) / curvature. It goes half
/// the way to each, in logarithms, by a factor of 2 at most.
class LevenbergMarquardt {
 public:
  static constexpr double smallest_damping = 0.01;
  static constexpr double largest_damping = 100;

  /// With `adapts` false, damping stays as it is, and the scale alone is measured.
  LevenbergMarquardt(double damping, bool adapts) : damping_(damping), adapts_(adapts) {}

  /// Whether step `step` (from 1) is compared: every fifth; at first each, then every second and
  /// fourth (growing_interval()), while the scale changes fast.
  [[nodiscard]] static bool is_due(Index step);
  /// The outcome of step `step`, which is due. Nothing follows from changes that are lost in the
  /// rounding of the loss, nor, for the damping, from a step of which the model expects no
  /// reduction, e.g. where momentum leads upwards.
  void observe(Index step, const StepOutcome& outcome);

  [[nodiscard]] ModelState state(double loss) const { return {damping_, scale_, loss}; }
  void restore(double damping, double scale) {
    damping_ = damping;
    scale_ = scale;
  }

 private:
  double damping_;
  double scale_ = 0;
  bool adapts_;
};

}  // namespace hourglass
