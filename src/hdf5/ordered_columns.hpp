#pragma once

#include <memory>

#include "hdf5/row_source.hpp"

namespace hourglass {

/// Rows of another source with their columns in another order, or some of them
/// (ReadOptions::column_order).
class OrderedColumns : public RowSource {
 public:
  /// Opens what `address` means without its order. Throws as open_rows(), and Error(data) for a
  /// column that is not there.
  explicit OrderedColumns(const DatasetAddress& address);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override { return rows_->where(row); }
  void read_rows(Range rows, std::span<std::byte> bytes) const override;

 private:
  std::unique_ptr<RowSource> rows_;
  DatasetInfo info_;
};

}  // namespace hourglass
