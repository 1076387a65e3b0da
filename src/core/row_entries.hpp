#pragma once

#include <memory>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How many elements are stored of each row of a sparse matrix, or the most that may be. Copies
/// share their memory of 8 bytes a row.
class RowEntries {
 public:
  /// Of rows that are not sparse.
  RowEntries() = default;
  /// Row r has starts[r + 1] - starts[r] elements; starts[0] is 0.
  explicit RowEntries(std::vector<Index> starts);

  [[nodiscard]] bool known() const { return starts_ != nullptr; }
  [[nodiscard]] Index rows() const { return known() ? static_cast<Index>(starts_->size()) - 1 : 0; }
  /// The elements of all rows before `row`, up to rows().
  [[nodiscard]] Index before(Index row) const { return (*starts_)[static_cast<std::size_t>(row)]; }
  [[nodiscard]] Index count(Range rows) const { return before(rows.end) - before(rows.begin); }
  /// The most that `blocks` different blocks of rows can have: those that `rows` are cut into,
  /// `block` rows each from the first on.
  [[nodiscard]] Index most(Range rows, Index block, Index blocks) const;

 private:
  std::shared_ptr<const std::vector<Index>> starts_;
};

}  // namespace hourglass
