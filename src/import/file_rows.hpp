#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/columns.hpp"
#include "hdf5/hdf5.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// How data frames in HDF5 files become columns.
struct FrameOptions {
  std::vector<std::string> drop;  ///< columns to leave out
  std::vector<Column> like;       ///< the columns of an earlier import; empty: the frames' own
  std::string origin;             ///< of `like`, for messages
};

/// The rows of data sets in HDF5 files, with the names and units that these have; NaN and fill
/// values are missing elements. Data frames of pandas and records become typed columns
/// (import/frame_rows.hpp), which several frames share. Columns of several tables of numbers are
/// put into the order of the first by their names. Throws as DatasetReader, open_frame, frame_rows
/// and columns_by_name; Error(usage) for options that apply to frames alone.
[[nodiscard]] std::vector<std::unique_ptr<RowReader>> open_hdf5_rows(
    std::span<const DatasetAddress> addresses, const FrameOptions& options = {});

/// The rows of an IDX file, read by rank 0. Throws as IdxReader, and Error(data) for a file without
/// rows or with rows of more than 1 GiB; a compressed file is read once to see whether its header
/// is true.
[[nodiscard]] std::unique_ptr<RowReader> open_idx_rows(const std::string& path);

}  // namespace hourglass
