#pragma once

#include <string>
#include <vector>

#include "cli/results_file.hpp"
#include "cli/scale_plan.hpp"

namespace hourglass {

/// The launcher's command line for one measurement of `point`: `hourglass scale-worker` on its
/// ranks, with the plan's options of `hourglass train` and the point's own in place of theirs.
[[nodiscard]] std::vector<std::string> scale_job(const ScalePlan& plan, const ScalingPoint& point,
                                                 bool network);

/// Runs repetition `number` of `point`, appends its lines to `file` and reads `done` anew from it.
/// Throws the job's error with what to do next, Error(stopped) when a signal asked to stop.
void measure_point(const ScalePlan& plan, const ScalingPoint& point, Index number, bool network,
                   ResultsFile& file, ScalingStudy& done);

}  // namespace hourglass
