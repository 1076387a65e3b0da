#include "optim/weight_ramp.hpp"

#include <algorithm>

namespace hourglass {

double WeightRamp::factor(Index step) const {
  if (step >= end()) return 1;
  // 2 * steps could overflow where it is beyond the step.
  const Index position = steps > step / 2 ? step : step % (2 * steps);
  return std::min(1.0, static_cast<double>(position) / static_cast<double>(steps));
}

Index WeightRamp::end() const {
  constexpr Index longest = Index{1} << 62;
  const Index ramps = 2 * cycles - 1;
  return steps > longest / ramps ? longest : ramps * steps;
}

}  // namespace hourglass
