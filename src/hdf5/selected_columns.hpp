#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/row_runs.hpp"
#include "hdf5/row_source.hpp"

namespace hourglass {

/// Chosen columns of a source, in the order of the choice: N x K, whatever the shape of a sample
/// was. Whole rows are read, up to 8 MiB at a time.
class SelectedColumns : public RowSource {
 public:
  /// `views` are those of the address that the rows were opened with.
  SelectedColumns(std::unique_ptr<RowSource> base, const RowRuns& columns, const RowViews& views);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override { return base_->where(row); }
  [[nodiscard]] ElementPlace place(Index row, Index feature) const override;
  [[nodiscard]] std::vector<Index> series() const override { return base_->series(); }
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const override;
  void release() const override { base_->release(); }

 private:
  /// Neighbouring columns, in bytes of a row.
  struct Piece {
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  std::unique_ptr<RowSource> base_;
  std::vector<Piece> pieces_;
  std::vector<std::int32_t> places_;  ///< of sparse rows: of each column among those chosen, or -1
  DatasetInfo info_;
};

}  // namespace hourglass
