#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/buffer.hpp"
#include "data/normalization.hpp"
#include "data/shard_order.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The rows of one window of a shard, in the storage type.
class WindowBuffer {
 public:
  /// Holds windows of up to `capacity` rows.
  WindowBuffer(Index capacity, Index row_bytes);

  /// Fills the buffer with window `window` of `order`, in file order, neighbouring blocks in one
  /// read. Asks `cancelled` between reads and returns false when it said so: the content is then
  /// undefined. Throws as read_finite_rows.
  bool load(const DatasetReader& reader, const MissingValues& missing, const ShardOrder& order,
            Index window, const std::function<bool()>& cancelled);

  /// Positions of the shard's order that the buffer holds.
  [[nodiscard]] Range positions() const { return positions_; }
  /// The data-set row at a position of positions(), and its stored elements.
  [[nodiscard]] Index row(Index position) const { return rows_[position - positions_.begin]; }
  [[nodiscard]] const std::byte* stored(Index position) const {
    return samples_.data() + places_[position - positions_.begin] * row_bytes_;
  }

  /// Bytes of memory that a buffer of this capacity takes.
  [[nodiscard]] static Index bytes(Index capacity, Index row_bytes);

 private:
  void arrange(const ShardOrder& order, Index window);
  bool read(const DatasetReader& reader, const MissingValues& missing,
            const std::function<bool()>& cancelled);

  Index row_bytes_;
  Buffer<std::byte> samples_;
  Buffer<Index> rows_;    // by position
  Buffer<Index> places_;  // by position: where in samples_
  Range positions_;
  std::vector<Range> runs_;  // rows to read, in file order: samples_ holds one after the other
};

}  // namespace hourglass
