#pragma once

#include <string>
#include <vector>

#include "report/comparison.hpp"

namespace hourglass {

/// The run folders that a word of the command line names: itself, or those in it, as in the folder
/// of a sweep, by name. Throws Error(io) when there is none.
[[nodiscard]] std::vector<std::string> runs_in(const std::string& word);

/// The settings of a run folder. Throws Error.
[[nodiscard]] TrainConfig read_settings(const std::string& folder);

/// A run folder as it is now. Throws Error.
[[nodiscard]] ComparedRun read_run(const std::string& folder);

}  // namespace hourglass
