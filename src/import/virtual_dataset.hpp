#pragma once

#include <span>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// A data set that holds the rows of `sources` one after the other, which stay where they are.
struct VirtualDataset {
  std::string path;  ///< absolute
  std::vector<DatasetInfo> sources;

  [[nodiscard]] std::vector<Index> shape() const;
};

/// Adds virtual data sets to an HDF5 file, new or existing. Sources are named relative to the
/// file's folder, unless they were given by an absolute path. The file appears, or changes, only
/// when it is complete. Local. Throws Error(data) when the sources of one differ in type or in the
/// shape of a sample or are none; Error(usage) when one exists in the file; Error(io).
void write_virtual_datasets(const std::string& file, std::span<const VirtualDataset> datasets);

}  // namespace hourglass
