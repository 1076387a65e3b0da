#pragma once

#include <span>
#include <string>

#include "config/config.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Where the channels of samples of these extents stand: as the axes' names say (none when
/// unknown), or as the extents make plain: one of the first and the last is at most 4, the other is
/// not. Otherwise automatic.
[[nodiscard]] ChannelOrder plain_channel_order(std::span<const Index> sample,
                                               std::span<const std::string> axes);

/// The configuration with the order of channels and the image's shape of data that are opened as it
/// says, where it leaves them open. Throws Error(usage) on every rank where the shapes do not fit,
/// or a model that depends on the order of a sample's numbers leaves that open.
[[nodiscard]] TrainConfig with_sample_layout(TrainConfig config, const DatasetInfo& info);

/// A line for the report of a run about the order of channels, or "".
[[nodiscard]] std::string layout_note(const TrainConfig& config, const DatasetInfo& info);

}  // namespace hourglass
