#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "hourglass/io/hdf5.hpp"

namespace hourglass {

/// What an import wrote.
struct ImportResult {
  std::vector<Index> shape;
  ElementType type = ElementType::u8;
  Index labels = 0;  ///< 0 when there were none
};

/// Copies the IDX file `source` to <output.path>/samples of an HDF5 file, new or existing, and, unless `labels` is empty, that
/// IDX file to <output.path>/labels (no path: the root group). Type and shape are kept; the rows are chunked for reading blocks
/// of them, and deflated when `compression` is 1 to 9 (0: not). By this rank alone. The output appears, or changes, only when
/// all of it was written. Throws Error(data) when a source is refused by IdxReader, has no samples or samples of more than 1
/// GiB, or labels are not a one-dimensional integer file of as many elements; Error(usage) for another compression level or
/// when the group has such data sets already; Error(io) when a file cannot be read or written.
ImportResult import_idx(const std::string& source, const std::string& labels, const DatasetAddress& output, int compression);

}  // namespace hourglass
