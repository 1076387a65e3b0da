#pragma once

#include <string>
#include <vector>

#include "hourglass/io/hdf5.hpp"

namespace hourglass {

/// One data set of a file as `inspect` shows it.
struct DescribedDataset {
  std::string path;
  DatasetInfo info;
  std::string problem;  ///< why it cannot be read as numbers (text, compound, external); "" when it can
};

/// What an HDF5 file holds.
struct FileDescription {
  std::string path;
  Index bytes = 0;
  bool is_state = false;  ///< a model or checkpoint of ours (not yet verified: read_state_file does that)
  std::vector<DescribedDataset> datasets;
};

/// Reads the structure only. Throws Error(io) for a missing or unreadable file, Error(data) when it is not HDF5.
[[nodiscard]] FileDescription describe_file(const std::string& path);

}  // namespace hourglass
