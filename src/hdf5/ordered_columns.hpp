#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

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
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const override;
  void release() const override { rows_->release(); }
  [[nodiscard]] std::vector<Index> series() const override { return rows_->series(); }
  [[nodiscard]] ElementPlace place(Index row, Index feature) const override {
    const auto& order = info_.address.options.column_order;
    return rows_->place(row, order[static_cast<std::size_t>(feature)]);
  }
  [[nodiscard]] Index time_steps() const override { return rows_->time_steps(); }
  [[nodiscard]] Index first_time_step(Index row) const override {
    return rows_->first_time_step(row);
  }

 private:
  std::unique_ptr<RowSource> rows_;
  DatasetInfo info_;
  std::vector<std::int32_t> places_;  ///< of sparse rows: of each column in the order, or -1
};

}  // namespace hourglass
