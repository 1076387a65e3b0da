#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

struct ShuffleSettings {
  std::uint64_t seed = 1;
  Index block = 32;  ///< rows contiguous on disk that stay in one window
  /// Blocks shuffled together: block * window rows of look-ahead per shard when streaming.
  Index window = 64;
};

/// The order in which a shard's rows are seen in an epoch: its blocks are permuted, then the rows
/// inside each window of `window` (permuted) blocks. Both permutations are functions of (seed,
/// epoch, shard). Every row occurs exactly once. Only the shard's last block may be short, so only
/// the window that holds it is shorter than block * window rows (besides the last window). window =
/// 1 shuffles rows inside single blocks; block = 1 with a window over the whole shard shuffles
/// uniformly.
class ShardOrder {
 public:
  /// Throws Error(usage) when settings.block < 1 or settings.window < 1. `rows` may be empty.
  ShardOrder(const ShuffleSettings& settings, Index shard, Range rows, std::uint32_t epoch);

  [[nodiscard]] Index size() const { return rows_.size(); }
  /// Windows are consecutive ranges of positions.
  [[nodiscard]] Index window_count() const;
  [[nodiscard]] Range window_positions(Index window) const;
  /// The window that holds position `position` of [0, size()).
  [[nodiscard]] Index window_of(Index position) const;
  /// The blocks (ranges of data-set rows) that hold a window's rows, in the permuted order, for a
  /// prefetcher.
  [[nodiscard]] std::vector<Range> window_blocks(Index window) const;
  /// For each position of the window, the offset of its row in the concatenation of
  /// window_blocks(window).
  [[nodiscard]] std::vector<Index> window_offsets(Index window) const;
  /// Data-set rows in the order of positions 0..size-1.
  [[nodiscard]] std::vector<Index> rows() const;
  /// The same, to `destination` (size() elements).
  void rows(std::span<Index> destination) const;

  /// Rows of the largest window a shard of `shard_rows` rows can have: what a window buffer must
  /// hold.
  [[nodiscard]] static Index window_capacity(const ShuffleSettings& settings, Index shard_rows);

 private:
  [[nodiscard]] Range block_rows(Index block) const;

  // Block and window are cut to the shard, so that their products cannot overflow.
  ShuffleSettings settings_;
  Index shard_;
  Range rows_;
  std::uint32_t epoch_;
  std::vector<Index> block_order_;
  Index short_window_ = 0;  // the window that holds the last block
};

}  // namespace hourglass
