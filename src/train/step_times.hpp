#pragma once

#include <array>

#include "core/phase_recorder.hpp"

namespace hourglass {

/// Where the seconds of one step went on this rank: the main thread's, which add up to the whole
/// but for a remainder.
struct StepTimes {
  double total = 0;
  double compute = 0;   ///< passes and the sums along the tree within the rank
  double exchange = 0;  ///< communication that computing did not hide, and waiting for slower ranks
  double input = 0;     ///< waiting for data
  std::array<double, phase_count>
      phases{};  ///< the same step phase by phase, as --profile counts it

  [[nodiscard]] double of(Phase phase) const { return phases[static_cast<std::size_t>(phase)]; }
};

}  // namespace hourglass
