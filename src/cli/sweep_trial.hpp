#pragma once

#include <string>
#include <vector>

#include "run/sweep_plan.hpp"

namespace hourglass {

/// The plan of a sweep, its folder, and this task's part of it.
struct Sweep {
  SweepPlan plan;
  std::string output;
  std::string sort;
  std::vector<std::string> launcher;  ///< words before the program's name
  Index task = 0;
  Index tasks = 1;
};

/// Whether `hourglass train` would take the trial's settings: what it says against them, or
/// nothing.
[[nodiscard]] std::string validation_error(const SweepPlan& plan, Index trial,
                                           const std::string& output);

enum class TrialStep {
  ended,         ///< its outcome is written, now or before
  busy,          ///< another process runs it, or the ranks of one that was killed still write
  asked_to_stop  ///< this process was, meanwhile
};
/// Trains a trial that has not ended for good, from its newest checkpoint if it has one, and writes
/// its outcome.
[[nodiscard]] TrialStep run_trial(const Sweep& sweep, Index trial);

}  // namespace hourglass
