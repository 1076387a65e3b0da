#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "hourglass/io/hdf5.hpp"

namespace hourglass {

struct ImportSettings {
  std::string source;     ///< IDX file of the samples
  std::string labels;     ///< IDX file of the labels; empty: none
  DatasetAddress output;  ///< file and group: "mnist.h5:/train" gives /train/samples and /train/labels; no path: the root group
  int compression = 0;    ///< deflate level 1 to 9; 0: none
};

struct ImportResult {
  std::vector<Index> shape;
  ElementType type = ElementType::u8;
  DatasetAddress samples;
  DatasetAddress labels;  ///< empty without labels
};

/// Copies an IDX file of samples, and one of as many labels, into an HDF5 file, new or existing: type and shape are kept,
/// samples are chunked for reading blocks of rows. By this rank alone. The output appears, or changes, only when all of it was
/// written. Throws Error(data) when a source is refused by IdxReader, has no samples or samples of more than 1 GiB, or labels
/// are not a one-dimensional integer file of as many elements; Error(usage) for a bad compression level or when the group has
/// such data sets already; Error(io) when a file cannot be read or written.
ImportResult import_idx(const ImportSettings& settings);

}  // namespace hourglass
