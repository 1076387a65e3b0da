#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// One line about a variational code that has collapsed: fewer than one in twenty units are used
/// (model/unit_divergences.hpp) after the third epoch, or the last of a shorter training; names
/// settings that prevent it and that the run does not have. `epoch` is the record of the epoch that
/// has ended; of validation samples where there are any.
[[nodiscard]] std::optional<std::string> collapse_advice(const TrainConfig& config,
                                                         const MetricsRecord& epoch);

}  // namespace hourglass
