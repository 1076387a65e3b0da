#pragma once

#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// When a trial of a sweep goes on to a larger budget.
enum class HalvingRule {
  synchronous,   ///< when all trials of its rung have ended there (Jamieson & Talwalkar 2016)
  asynchronous,  ///< as soon as it is among the best of those that have (ASHA: Li et al. 2020)
};

[[nodiscard]] std::string_view name_of(HalvingRule rule);

/// Successive halving: of the n trials that have ended at a rung, the best floor(n / eta) are
/// trained to the next one.
struct HalvingSettings {
  HalvingRule rule = HalvingRule::synchronous;
  Index eta = 3;             ///< at least 2
  std::vector<Index> rungs;  ///< epochs, ascending; the last is the whole training

  friend bool operator==(const HalvingSettings&, const HalvingSettings&) = default;
};

/// The rungs below a training of `epochs`: epochs / eta^k, rounded up, for all k for which that is
/// `smallest` or more. Without a smallest budget (0), as many as `trials` can be divided by eta
/// without fewer than one being left.
[[nodiscard]] std::vector<Index> halving_rungs(Index eta, Index epochs, Index smallest,
                                               Index trials);

/// How far a trial has come.
struct Contender {
  std::vector<double> errors;  ///< at the rungs it has completed; one that is not finite loses
  Index begun = 0;             ///< rungs it has begun: those completed, or one more
  bool lost = false;           ///< it diverged on the way to the rung it had begun
  bool refused = false;        ///< its settings contradict each other: it is not of the trials
};

/// A trial to be trained up to a rung.
struct HalvingJob {
  Index trial = 0;
  Index rung = 0;

  friend bool operator==(const HalvingJob&, const HalvingJob&) = default;
};

/// All that could be trained now, what is most urgent first: trials that have begun a rung (and may
/// be running), then trials that have not begun, then promotions, from the top rung down and the
/// best first. Ties go to the trial with the smaller number. Empty: the search is over.
///
/// The published algorithm promotes before it begins another trial, since it draws trials without
/// end. Here their number is known: to begin all of them first keeps as many processes busy, and
/// nobody is promoted for being the best of the first few.
///
/// The asynchronous rule promotes before a rung is complete, and so may promote more than
/// floor(n / eta) of it in the end. Both promote at least the best one of a rung once no further
/// trial can come to it, so that one trial is trained to the last rung unless all are lost. The
/// result depends on nothing but the arguments.
[[nodiscard]] std::vector<HalvingJob> halving_jobs(const HalvingSettings& settings,
                                                   const std::vector<Contender>& contenders);

}  // namespace hourglass
