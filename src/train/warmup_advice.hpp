#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace hourglass {

/// A line for each warm-up of a penalty weight that ends after the training, so that the weight
/// never gets to its value; names one that ends in the middle.
[[nodiscard]] std::vector<std::string> warmup_advice(const TrainConfig& config,
                                                     Index steps_per_epoch);

}  // namespace hourglass
