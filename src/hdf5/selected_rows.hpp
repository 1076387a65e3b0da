#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/row_runs.hpp"
#include "hdf5/row_source.hpp"

namespace hourglass {

/// Chosen rows of a source, in the order of the choice. Rows that lie near each other are read at
/// once, with what is between them, and need up to 8 MiB for that.
class SelectedRows : public RowSource {
 public:
  /// `views` are those of the address that the rows were opened with.
  SelectedRows(std::unique_ptr<RowSource> base, RowRuns rows, const RowViews& views);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  [[nodiscard]] ElementPlace place(Index row, Index feature) const override {
    return base_->place(rows_.row(row), feature);
  }
  /// A series begins where the base has one, and where a run of equally spaced rows does.
  [[nodiscard]] std::vector<Index> series() const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const override;
  void release() const override { base_->release(); }

 private:
  std::unique_ptr<RowSource> base_;
  RowRuns rows_;
  DatasetInfo info_;
};

}  // namespace hourglass
