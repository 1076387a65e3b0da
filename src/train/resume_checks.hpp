#pragma once

#include <string>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_state.hpp"

namespace hourglass {

/// Throws Error(usage) when a run with these settings and data would not continue the one that
/// wrote `file`: other training data or feature weights, other validation data where they decide,
/// other arithmetic. `checkpoint` is what messages call the file. The data of an extended run are
/// checked elsewhere (train/extension.hpp). Local.
void check_same_run(const StateFile& file, const std::string& checkpoint, const TrainConfig& config,
                    const RunData& data, const RunPlan& plan, bool extend = false);

/// Throws Error(usage) when the run has begun more epochs than --epochs. Local.
void check_epochs_left(const RunPlan& plan, const Position& position);

}  // namespace hourglass
