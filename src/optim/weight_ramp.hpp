#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The factor of a penalty's weight as a function of the update alone, so that resuming needs no
/// state: linear warm-up (Bowman et al. 2016), or several of them, each followed by as many updates
/// with the whole weight (cyclical annealing, Fu et al. 2019, with R = 1/2 and cycles of 2 steps
/// updates instead of a share of the training).
struct WeightRamp {
  Index steps = 0;   ///< updates of a warm-up; 0: the weight is whole from the beginning
  Index cycles = 1;  ///< warm-ups; after the last the weight stays whole

  /// The factor of update s, counted from 0:
  ///   1                               where s >= end() or steps = 0
  ///   min(1, (s mod 2 steps) / steps) elsewhere
  [[nodiscard]] double factor(Index step) const;
  /// The first update from which on the factor is 1 for ever: (2 cycles - 1) steps.
  [[nodiscard]] Index end() const;
};

}  // namespace hourglass
