#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "hourglass/io/hdf5.hpp"

namespace hourglass {

/// What an import did.
struct ImportResult {
  std::vector<Index> shape;
  ElementType type = ElementType::u8;
  Index labels = 0;  ///< 0 when there were none
};

/// Copies an IDX file (plain or gzip) to <group>/samples of `output` (the group is output.path), storage type and shape kept, chunked for
/// reading blocks of rows, and the IDX file `labels` (may be "") to <group>/labels. `compression`: deflate level 1 to 9, 0 for none.
/// The output appears, or changes, only when everything is written. Runs on one rank.
/// Throws Error(data) for malformed sources and when there are not as many labels as samples, Error(usage) when the group exists.
ImportResult import_idx(const std::string& source, const std::string& labels, const DatasetAddress& output, int compression);

}  // namespace hourglass
