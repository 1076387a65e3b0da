#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "run/sweep_plan.hpp"
#include "system/file_lock.hpp"

namespace hourglass {

/// The plan of a sweep, its folder, and this task's part of it.
struct Sweep {
  SweepPlan plan;
  std::string output;
  std::string sort;
  std::vector<std::string> launcher;  ///< words before the program's name
  Index task = 0;
  Index tasks = 1;
  Index jobs = 1;  ///< trials that this process runs at a time
  bool retrain_winner = false;
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

/// The same up to a rung of successive halving, where the trial pauses unless it is the last one.
/// `lock`, on the trial's lock file, is held.
[[nodiscard]] TrialStep run_trial_to_rung(const Sweep& sweep, const HalvingJob& job,
                                          const FileLock& lock);

/// The settings of a trial, not validated. Throws Error(usage) where one cannot be read.
[[nodiscard]] TrainConfig trial_config(const SweepPlan& plan, Index trial,
                                       const std::string& output);

/// The last message in a log of `hourglass train`, or "".
[[nodiscard]] std::string last_message(const std::string& log);

/// Whether ranks are still writing the run in `folder`: those that a killed sweep or launcher left
/// behind.
[[nodiscard]] bool is_written(const std::string& folder);

}  // namespace hourglass
