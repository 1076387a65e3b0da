#pragma once

#include <memory>
#include <string>

#include "hdf5/hdf5.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// The rows of a data set in an HDF5 file. Throws as DatasetReader.
[[nodiscard]] std::unique_ptr<RowReader> open_hdf5_rows(const DatasetAddress& address);

/// The rows of an IDX file, read by rank 0. Throws as IdxReader, and Error(data) for a file without
/// rows or with rows of more than 1 GiB; a compressed file is read once to see whether its header
/// is true.
[[nodiscard]] std::unique_ptr<RowReader> open_idx_rows(const std::string& path);

}  // namespace hourglass
