#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The files that a pattern with *, ? or [...] stands for, by name in byte order; the text itself
/// when it has none of these or names an existing file. Throws Error(io) when nothing matches.
[[nodiscard]] std::vector<std::string> expand_pattern(const std::string& pattern);

/// Whether an address stands for several data sets: "shards/*.h5:/train/samples", "a.h5:/x,b.h5:/y"
/// or "a.h5,b.h5:/x". Never when a file of exactly that name exists.
[[nodiscard]] bool names_several(const DatasetAddress& address);

/// The data sets that it stands for, in their order: as listed, and by name within a pattern. What
/// has no path of its own takes that at the end. Throws Error(io) when a pattern matches nothing,
/// Error(usage) for an empty item.
[[nodiscard]] std::vector<DatasetAddress> expand_addresses(const DatasetAddress& address);

}  // namespace hourglass
