#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Rows of a sparse matrix in the type in which they are stored (compressed sparse rows): the
/// elements of row r are [starts[r], starts[r + 1]) of `columns`, ascending within a row, and of
/// `values`.
struct CompressedRows {
  std::size_t value_bytes = 4;  ///< of one value
  std::vector<Index> starts = {0};
  std::vector<std::int32_t> columns;
  std::vector<std::byte> values;

  [[nodiscard]] Index rows() const { return static_cast<Index>(starts.size()) - 1; }
  [[nodiscard]] Index entries() const { return starts.back(); }
  [[nodiscard]] std::span<const std::int32_t> columns_of(Index row) const {
    return std::span(columns).subspan(first(row), count(row));
  }
  [[nodiscard]] std::span<const std::byte> values_of(Index row) const {
    return std::span(values).subspan(first(row) * value_bytes, count(row) * value_bytes);
  }
  /// No rows; keeps the memory.
  void clear();
  void reserve(Index row_count, Index entry_count);
  /// Makes room for `count` more elements behind the last one.
  void extend(Index count);
  /// Appends the elements of a row.
  void append_row(std::span<const std::int32_t> row_columns, std::span<const std::byte> row_values);

 private:
  [[nodiscard]] std::size_t first(Index row) const {
    return static_cast<std::size_t>(starts[static_cast<std::size_t>(row)]);
  }
  [[nodiscard]] std::size_t count(Index row) const {
    return static_cast<std::size_t>(starts[static_cast<std::size_t>(row) + 1]) - first(row);
  }
};

/// Bytes of so many rows and elements.
[[nodiscard]] Index compressed_bytes(Index rows, Index entries, Index value_bytes);

/// Whether columns ascend strictly and lie in [0, width).
[[nodiscard]] bool are_ordered(std::span<const std::int32_t> columns, Index width);

/// Puts the elements of a row into the order of their columns. Returns a column that occurs twice,
/// or -1.
std::int32_t order_row(CompressedRows& rows, Index row);

/// Replaces the columns of rows from `first_row` on: column c becomes places[c], and elements whose
/// place is -1 are left out. No two columns have one place.
void replace_columns(CompressedRows& rows, Index first_row, std::span<const std::int32_t> places);

/// Writes all elements of rows of `width` columns, zeros too: rows() * width values.
void spread(const CompressedRows& rows, Index width, std::span<std::byte> dense);

}  // namespace hourglass
