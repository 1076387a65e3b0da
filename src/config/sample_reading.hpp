#pragma once

#include "config/config.hpp"

namespace hourglass {

/// The channels that stand first in the samples of this configuration, to be read with them last
/// (ReadOptions::leading_channels); 0 when samples are read as they are stored, or their shape is
/// not known yet.
[[nodiscard]] Index leading_channels(const TrainConfig& config);

/// How the samples of a run are read, and other samples for its model.
[[nodiscard]] ReadOptions sample_reading(const TrainConfig& config);

}  // namespace hourglass
