#pragma once

#include <string>
#include <vector>

#include "config/interval.hpp"
#include "optim/weight_ramp.hpp"

namespace hourglass {

/// The warm-ups of penalty weights. A count of 0: the weight is whole from the beginning.
struct PenaltySchedules {
  Interval l1_warmup{0, Interval::Unit::epochs};    ///< of l1 and hidden_l1
  Interval beta_warmup{0, Interval::Unit::epochs};  ///< of beta
  Index beta_cycles = 1;                            ///< warm-ups of beta, see WeightRamp
  Interval l0_warmup{0, Interval::Unit::epochs};    ///< of Sparsity::l0
  Index k_start = 0;                                ///< K before k_anneal; 0: no change of K
  Interval k_anneal{0, Interval::Unit::epochs};     ///< from k_start to SelectionSpec::k
};

/// K of an update, s being WeightRamp::factor(): the whole number nearest to k_start + s (k -
/// k_start).
[[nodiscard]] Index annealed_k(Index k_start, Index k, double factor);

/// A warm-up of so many epochs or steps.
[[nodiscard]] WeightRamp weight_ramp(const Interval& warmup, Index cycles, Index steps_per_epoch);

/// "10epochs", "2000steps", and "0" for none: a number without a unit would be understood as either
/// by somebody. Throws Error(usage) naming the setting.
[[nodiscard]] Interval parse_warmup(const std::string& name, const std::string& text);
[[nodiscard]] std::string format_warmup(const Interval& warmup);

}  // namespace hourglass
