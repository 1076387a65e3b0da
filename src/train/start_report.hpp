#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"
#include "train/memory_prediction.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/stage_sequence.hpp"

namespace hourglass {

/// The memory of each item on the rank that holds the most of it, in the current stage. Collective.
[[nodiscard]] MemoryPrediction predict_memory(const Communicator& communicator,
                                              const TrainConfig& config, const RunData& data,
                                              StageSequence& stages);

/// The lines that open the report of a run: its size, its memory, and advice on the placement of
/// ranks, settings without effect and the range of the outputs. Empty unless `wanted`, which may
/// differ between ranks. Collective.
[[nodiscard]] std::vector<std::string> start_report(const Communicator& communicator,
                                                    const TrainConfig& config, const RunData& data,
                                                    const RunPlan& plan, StageSequence& stages,
                                                    bool wanted);

}  // namespace hourglass
