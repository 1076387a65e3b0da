#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hdf5/row_source.hpp"

namespace hourglass {

/// Sliding windows of time series: a row is `length` rows of the base that follow each other, one
/// window beginning `stride` rows after the other. A series of T rows has (T - length) / stride + 1
/// of them, rounded down, none when it is shorter; none crosses the border between two series.
class Windows : public RowSource {
 public:
  /// Throws Error(usage) when a length or stride is below 1 or no series is long enough.
  Windows(std::unique_ptr<RowSource> base, Index length, Index stride, const RowViews& views);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  [[nodiscard]] ElementPlace place(Index row, Index feature) const override;
  [[nodiscard]] std::vector<Index> series() const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void release() const override { base_->release(); }
  void read_steps(Range steps, std::span<std::byte> bytes) const override;
  [[nodiscard]] ElementPlace place_in_step(Index step, Index feature) const override;
  [[nodiscard]] Index time_steps() const override { return base_->info().rows(); }
  [[nodiscard]] Index first_time_step(Index row) const override { return base_row(row); }

 private:
  /// The windows of one series.
  struct Series {
    Index row = 0;   ///< first window
    Index step = 0;  ///< its first step
    Index base = 0;  ///< and that step's row in the base
    Index windows = 0;
  };
  [[nodiscard]] const Series& series_of(Index row) const;
  [[nodiscard]] Index base_row(Index row) const;
  [[nodiscard]] bool overlap() const { return stride_ < length_; }

  std::unique_ptr<RowSource> base_;
  Index length_;
  Index stride_;
  std::vector<Series> series_;
  DatasetInfo info_;
};

}  // namespace hourglass
