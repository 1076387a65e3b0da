#pragma once

#include "optim/subnormal.hpp"

namespace hourglass {

/// The exponential running mean of the moments, with 0 <= beta < 1:
///   mean' = beta * mean + (1 - beta) * value
///
/// Computed as the nearer of the two plus a share of the difference, so that a beta just below 1
/// loses nothing to rounding, and so that a variance that overflowed becomes NaN at its next update
/// instead of silently stopping its weight (beta > 0.5).
class RunningMean {
 public:
  explicit RunningMean(double beta)
      : towards_value_(static_cast<float>(1.0 - beta)),
        towards_mean_(static_cast<float>(beta)),
        follows_value_(beta <= 0.5) {}

  [[nodiscard]] float operator()(float mean, float value) const {
    return flush_subnormal(follows_value_ ? value + towards_mean_ * (mean - value)
                                          : mean + towards_value_ * (value - mean));
  }

 private:
  float towards_value_;
  float towards_mean_;
  bool follows_value_;
};

}  // namespace hourglass
