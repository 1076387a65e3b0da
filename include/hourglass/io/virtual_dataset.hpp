#pragma once

#include <span>
#include <string>

#include "hourglass/io/hdf5.hpp"

namespace hourglass {

/// Adds to an HDF5 file, new or existing, a virtual data set: the rows of `sources` one after the other, which stay where they
/// are. Sources are named relative to the file's folder, unless they were given by an absolute path. The file appears, or
/// changes, only when it is complete. Local. Throws Error(data) when sources differ in type or in the shape of a sample or are
/// none; Error(usage) when `output` exists in the file; Error(io).
void write_virtual_dataset(const DatasetAddress& output, std::span<const DatasetInfo> sources);

}  // namespace hourglass
