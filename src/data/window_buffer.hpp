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
  /// What the largest window of a shard needs. Rows that overlap (DatasetInfo::steps) share the
  /// steps that they have in common, as far as they lie in the same blocks or in blocks that touch.
  struct Capacity {
    Capacity(const DatasetInfo& info, const ShuffleSettings& settings, Range shard_rows,
             bool sparse = false);
    Index rows = 0;
    Index steps = 0;
    Index step_bytes = 0;   ///< 0: rows are held without their zeros
    Index entries = 0;      ///< of these, the most that a window has
    Index value_bytes = 0;  ///< of each

    [[nodiscard]] Index bytes() const;  ///< of memory
  };
  explicit WindowBuffer(const Capacity& capacity);

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
    return samples_.data() + places_[position - positions_.begin] * step_bytes_;
  }
  /// The same of a buffer that holds rows without their zeros: the row at place(position).
  [[nodiscard]] const CompressedRows& sparse_rows() const { return sparse_rows_; }
  [[nodiscard]] Index place(Index position) const { return places_[position - positions_.begin]; }

 private:
  void arrange(const RowSteps& steps, const ShardOrder& order, Index window);
  bool read(const DatasetReader& reader, const MissingValues& missing,
            const std::function<bool()>& cancelled);
  bool read_sparse(const DatasetReader& reader, const MissingValues& missing,
                   const std::function<bool()>& cancelled);

  Index step_bytes_;
  Buffer<std::byte> samples_;
  CompressedRows sparse_rows_;  // instead of samples_
  Buffer<Index> rows_;          // by position
  Buffer<Index> places_;        // by position: where in samples_, in steps
  Range positions_;
  std::vector<Range> runs_;  // steps to read, in file order: samples_ holds one after the other
};

}  // namespace hourglass
