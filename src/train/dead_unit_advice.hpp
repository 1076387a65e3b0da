#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// The line that is shown once when more than a third of a sparse code's units are dead at the end
/// of an epoch: how many, and the settings that are known to keep units alive and are not used yet.
[[nodiscard]] std::optional<std::string> dead_unit_advice(const TrainConfig& config,
                                                          const MetricsRecord& epoch);

}  // namespace hourglass
