#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/compressed_rows.hpp"
#include "hdf5/row_source.hpp"
#include "hdf5/stored_dataset.hpp"

namespace hourglass {

/// The samples of a sparse matrix that is stored sample by sample: a group of data, indices and
/// indptr (AnnData's CSR, 10x Genomics' matrix of cells). Holds indptr, 8 bytes a row.
class SparseDataset : public RowSource {
 public:
  /// The matrix in `address` has `rows` samples of `columns` features. Throws as DatasetReader
  /// does, and Error(data) when the lengths of its parts contradict each other or its pointers do
  /// not rise from 0 to the number of elements.
  SparseDataset(const DatasetAddress& address, Index rows, Index columns,
                std::vector<std::string> feature_names);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  /// Throws Error(data) naming the row of a column that is not there or occurs twice; puts others
  /// in order.
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const override;
  void release() const override;

 private:
  void read_columns(Range entries, std::span<std::int32_t> columns) const;
  void check_row(Index row, CompressedRows& rows, Index place) const;

  StoredDataset values_;
  StoredDataset columns_;
  DatasetInfo info_;
};

/// The rows of one data set, which may be a sparse matrix. Throws as DatasetReader does.
[[nodiscard]] std::unique_ptr<RowSource> open_stored(const DatasetAddress& address);

}  // namespace hourglass
