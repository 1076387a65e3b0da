#pragma once

#include <string>

#include "config/config.hpp"

namespace hourglass {

/// The end of the message about a run whose numbers are no longer finite: what to change.
/// `learning_rate` is the base rate of the stage in progress, `updates` how many were made before.
/// Only settings that this run can change and that had a part in it are named.
[[nodiscard]] std::string divergence_advice(const TrainConfig& config, double learning_rate,
                                            bool pretraining, Index updates);

}  // namespace hourglass
