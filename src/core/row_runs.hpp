#pragma once

#include <cstddef>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Numbers of rows (or columns) in an order, held as runs of equally spaced ones: 24 bytes a run,
/// however long.
class RowRuns {
 public:
  struct Run {
    Index position = 0;  ///< of its first row, among all
    Index first = 0;
    Index step = 1;
  };
  /// Part of a run: rows first, first + step, ... at positions position, position + 1, ...
  struct Piece {
    Index position = 0;
    Index first = 0;
    Index count = 0;
    Index step = 1;
  };

  RowRuns() = default;
  /// 0, 1, ..., size - 1.
  explicit RowRuns(Index size) { append(0, size); }

  /// Appends first, first + step, ...; a run goes on where the last one of the same step ended.
  void append(Index first, Index count, Index step = 1);

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] std::size_t run_count() const { return runs_.size(); }
  /// Run number `run` as a whole.
  [[nodiscard]] Piece run(std::size_t run) const;
  /// The row at a position of [0, size()).
  [[nodiscard]] Index row(Index position) const;
  /// The pieces that cover some positions, in order.
  [[nodiscard]] std::vector<Piece> pieces(Range positions) const;

 private:
  [[nodiscard]] std::size_t run_of(Index position) const;

  std::vector<Run> runs_;
  Index size_ = 0;
};

}  // namespace hourglass
