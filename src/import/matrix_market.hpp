#pragma once

#include <memory>
#include <optional>
#include <string>

#include "import/sparse_reader.hpp"

namespace hourglass {

/// How a Matrix Market file is to be read.
struct MatrixMarketSettings {
  bool samples_are_columns = false;  ///< 10x Genomics writes genes x cells
  std::optional<ElementType> type;   ///< of the values; by the header when not given: int32 of
                                     ///< integer, float32 of real, uint8 of pattern (all are 1)
};

/// A matrix in Matrix Market's exchange format: coordinate; integer, real or pattern; general;
/// plain or compressed with gzip. Plain files are read by all ranks in blocks of bytes, compressed
/// ones by each rank from the beginning. Names come from the files that 10x Genomics writes beside
/// "...matrix.mtx": "...features.tsv" or "...genes.tsv" and "...barcodes.tsv", plain or .gz, where
/// their lengths fit. Throws Error(io), Error(data) naming file and reason, and Error(usage) when
/// those files show that samples are columns and `settings` says otherwise.
[[nodiscard]] std::unique_ptr<SparseReader> open_matrix_market(
    const std::string& path, const MatrixMarketSettings& settings);

}  // namespace hourglass
