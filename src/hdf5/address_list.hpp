#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The files that a pattern with *, ? or [...] stands for, by name in byte order; the text itself
/// when it has none of these or names an existing file. Throws Error(io) when nothing matches.
[[nodiscard]] std::vector<std::string> expand_pattern(const std::string& pattern);

/// Whether an address stands for several data sets: "shards/*.h5:/train/samples", "a.h5:/x,b.h5:/y"
/// or "a.h5,b.h5:/x", of which each item may be several side by side. Never when a file of exactly
/// that name exists.
[[nodiscard]] bool names_several(const DatasetAddress& address);

/// Whether an address stands for data sets side by side: "a.h5:/t+a.h5:/q" or "a.h5+b.h5:/x", where
/// none is a list. Never when a file of exactly that name exists.
[[nodiscard]] bool names_side_by_side(const DatasetAddress& address);

/// The addresses that stand side by side, in their order, each of which may be a pattern. What has
/// no path of its own takes that at the end. Throws Error(usage) for an empty one.
[[nodiscard]] std::vector<DatasetAddress> split_sides(const DatasetAddress& address);

/// The data sets that it stands for, in their order: as listed, and by name within a pattern. What
/// has no path of its own takes that at the end. Throws Error(io) when a pattern matches nothing,
/// Error(usage) for an empty item.
[[nodiscard]] std::vector<DatasetAddress> expand_addresses(const DatasetAddress& address);

}  // namespace hourglass
