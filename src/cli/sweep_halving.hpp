#pragma once

#include <optional>
#include <set>

#include "cli/sweep_trial.hpp"

namespace hourglass {

/// The result of a search by successive halving, as this process has seen it.
struct HalvingEnd {
  std::set<Index> failed;        ///< trials that failed here, e.g. for a lost rank
  std::optional<Index> stopped;  ///< a trial during which the process was asked to stop; -1: none
};

/// Trains trials by successive halving, `jobs` at a time, until nothing is left to do; any number
/// of processes may do so in one folder. What to train next follows from the outcomes of all trials
/// (run/successive_halving.hpp), under a lock on the folder. A trial is claimed by a kernel lock on
/// its lock file, which ends with the process and its ranks, and by the goal in its outcome, so
/// that whoever comes next completes a rung that a killed process has begun.
///
/// By the asynchronous rule a process of an array (`tasks` above 1) ends when others run all that
/// can be run, rather than keep its nodes waiting: promotions that follow are done by those.
[[nodiscard]] HalvingEnd run_halving(const Sweep& sweep);

}  // namespace hourglass
