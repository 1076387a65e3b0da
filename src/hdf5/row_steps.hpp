#pragma once

#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How rows overlap where they are stored: row r is made of `length` steps, of which the first is
/// first(r); neighbours may share steps. Windows of a series are such rows; of all other data a row
/// is a step. Steps are numbered without those that belong to no row.
class RowSteps {
 public:
  /// Rows row, row + 1, ... (up to the next series) begin at steps step, step + stride, ...
  struct Series {
    Index row = 0;
    Index step = 0;
  };

  /// A row is a step.
  RowSteps() = default;
  /// `series` ascend in both; stride <= length.
  RowSteps(Index length, Index stride, std::vector<Series> series);

  /// 1 where a row is a step.
  [[nodiscard]] Index length() const { return length_; }
  [[nodiscard]] Index first(Index row) const;
  /// The steps of some rows, at least one.
  [[nodiscard]] Range of(Range rows) const {
    return {first(rows.begin), first(rows.end - 1) + length_};
  }

 private:
  Index length_ = 1;
  Index stride_ = 1;
  std::vector<Series> series_;
};

}  // namespace hourglass
