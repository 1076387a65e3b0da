#pragma once

#include <vector>

#include "cli/options.hpp"
#include "hdf5/read_options.hpp"

namespace hourglass {

/// The options of every command that reads samples: how they are to be read (ReadOptions), under
/// the names that `train` has for them.
[[nodiscard]] std::vector<Option> reading_options();
/// The options as given. Throws Error(usage) naming one that is wrong.
[[nodiscard]] ReadOptions reading_from(const Arguments& arguments);
/// `options` with reading_options() after the first `position` of them.
[[nodiscard]] std::vector<Option> with_reading_options(std::vector<Option> options,
                                                       std::size_t position);

}  // namespace hourglass
