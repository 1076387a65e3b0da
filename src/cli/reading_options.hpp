#pragma once

#include <vector>

#include "cli/options.hpp"
#include "config/config.hpp"
#include "hdf5/read_options.hpp"

namespace hourglass {

/// The options of every command that reads samples: how they are to be read (ReadOptions), under
/// the names that `train` has for them.
[[nodiscard]] std::vector<Option> reading_options();
/// --channels, of the commands that read samples for a model.
[[nodiscard]] Option channels_option();
/// The options as given; what is not given is as a model's training data were read, but for their
/// rows, which are taken over with --part only. `part_of_split` is what a split stands for that is
/// given without --part; `all`: nothing, so it is refused. Throws Error(usage) naming an option
/// that is wrong.
[[nodiscard]] ReadOptions reading_from(const Arguments& arguments, const TrainConfig& trained = {},
                                       DataPart part_of_split = DataPart::all);
/// `options` with reading_options() after the first `position` of them.
[[nodiscard]] std::vector<Option> with_reading_options(std::vector<Option> options,
                                                       std::size_t position);

}  // namespace hourglass
