#pragma once

#include <string>

#include "hourglass/core/error.hpp"
#include "train/run_plan.hpp"
#include "train/run_state.hpp"

namespace hourglass {

/// The error of a run whose numbers are no longer finite in the update after `position`, or in the
/// epoch or checkpoint there. `what` says which; `checkpoint` is the last good one, or "".
[[nodiscard]] Error divergence_error(const RunPlan& plan, const Position& position,
                                     const std::string& what, const std::string& checkpoint);

/// The error of a run that was stopped with a checkpoint: on request, or, with `time_limit` (in
/// seconds) above 0, because its time was up. `folder` is the run's.
[[nodiscard]] Error stop_error(Index step, double time_limit, const std::string& checkpoint,
                               const std::string& folder);

/// A checkpoint's path for a message: "none" for "".
[[nodiscard]] std::string name_of_checkpoint(const std::string& path);

}  // namespace hourglass
