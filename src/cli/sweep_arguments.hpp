#pragma once

#include <vector>

#include "cli/options.hpp"
#include "cli/sweep_trial.hpp"

namespace hourglass {

/// The options of `hourglass sweep`.
[[nodiscard]] std::vector<Option> sweep_options();

/// The sweep that the command line names; with --report the one that is stored in its folder.
/// Throws Error(usage) for options that contradict each other, the settings of trials or what
/// successive halving needs.
[[nodiscard]] Sweep read_sweep(const Arguments& arguments);

/// Makes the folder that of this sweep: sweep.json says which it is. Throws Error(usage) when it
/// holds another sweep, or a run.
void claim_folder(const Sweep& sweep);

}  // namespace hourglass
