#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "data/shard_plan.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// One line for a run that streams compressed chunks of which a shuffle window has a few rows only,
/// so that each is unpacked in many windows of an epoch; nothing otherwise.
[[nodiscard]] std::optional<std::string> unpacking_advice(const DatasetInfo& data,
                                                          const ShardPlan& plan,
                                                          const TrainConfig& config);

}  // namespace hourglass
