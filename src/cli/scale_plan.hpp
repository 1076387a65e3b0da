#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "hourglass/core/types.hpp"
#include "report/scaling_results.hpp"

namespace hourglass {

/// The measurements of `hourglass scale`, and how its jobs are started.
struct ScalePlan {
  ScalingStudy study;  ///< the settings that all measurements share; no measurements
  std::vector<ScalingPoint> points;
  Index repetitions = 5;
  Index threads = 1;  ///< per rank
  bool network = true;
  std::string launcher;  ///< "mpirun" or "srun"
  std::vector<std::string> launch_options;
  std::string output;
};

/// Reads the command line of `hourglass scale`, whose positional words are options of `hourglass
/// train`, and validates the configuration of every point. Throws Error(usage).
[[nodiscard]] ScalePlan read_scale_plan(const Arguments& arguments);

}  // namespace hourglass
