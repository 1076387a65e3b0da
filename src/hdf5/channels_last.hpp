#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/channel_order.hpp"
#include "hdf5/row_source.hpp"

namespace hourglass {

/// Samples that are stored with their channels first, C x H x W (or C x T, C x D x H x W, or flat
/// in that order), read with the channels last, H x W x C. Samples whose axes show that their
/// channels are last already, or that there is only one and no axis for it, are read as they are.
class ChannelsLast final : public RowSource {
 public:
  /// Throws Error(data) when the samples have no such channels.
  ChannelsLast(std::unique_ptr<RowSource> rows, Index channels);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override { return rows_->where(row); }
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const override;
  void release() const override { rows_->release(); }
  [[nodiscard]] std::vector<Index> series() const override { return rows_->series(); }

 private:
  std::unique_ptr<RowSource> rows_;
  DatasetInfo info_;
  ChannelGrid grid_;
  bool moves_ = false;
};

}  // namespace hourglass
