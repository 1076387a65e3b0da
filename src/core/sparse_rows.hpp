#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// Rows of numbers of which only those that are not zero are listed (compressed sparse rows, CSR):
/// the elements of row r are [starts[r], starts[r + 1]) of `columns`, ascending within a row, and
/// of `values`. starts[0] is 0. A view.
struct SparseRows {
  Index width = 0;                        ///< columns of a row
  std::span<const Index> starts;          ///< rows + 1
  std::span<const std::int32_t> columns;  ///< in [0, width)
  std::span<const float> values;

  [[nodiscard]] Index rows() const {
    return starts.empty() ? 0 : static_cast<Index>(starts.size()) - 1;
  }
  [[nodiscard]] bool empty() const { return rows() == 0; }
  [[nodiscard]] std::span<const std::int32_t> columns_of(Index row) const {
    return columns.subspan(first(row), first(row + 1) - first(row));
  }
  [[nodiscard]] std::span<const float> values_of(Index row) const {
    return values.subspan(first(row), first(row + 1) - first(row));
  }

 private:
  [[nodiscard]] std::size_t first(Index row) const {
    return static_cast<std::size_t>(starts[static_cast<std::size_t>(row)]);
  }
};

/// Sparse rows that are filled row by row. Keeps its memory when cleared.
class SparseBatch {
 public:
  /// No rows of `width` columns.
  void clear(Index width);
  /// Appends an element to the row that is being filled. `column` is beyond those of the row so
  /// far; a value of 0 is left out.
  void add(Index column, float value) {
    if (value == 0) return;
    columns_.push_back(static_cast<std::int32_t>(column));
    values_.push_back(value);
  }
  /// Completes the row that is being filled.
  void end_row() { starts_.push_back(static_cast<Index>(columns_.size())); }

  [[nodiscard]] SparseRows view() const { return {width_, starts_, columns_, values_}; }
  /// For changes of the values in place.
  [[nodiscard]] std::span<float> values() { return values_; }
  [[nodiscard]] Index bytes() const;

 private:
  Index width_ = 0;
  std::vector<Index> starts_ = {0};
  std::vector<std::int32_t> columns_;
  std::vector<float> values_;
};

/// Appends the elements of `dense` that are not zero as rows of `sparse`, whose width is theirs.
void append_rows(ConstMatrix dense, SparseBatch& sparse);
/// Writes all elements, zeros too, to `dense` (rows x width).
void spread(const SparseRows& sparse, Matrix dense);

}  // namespace hourglass
