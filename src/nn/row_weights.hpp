#pragma once

#include <cstdint>
#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// The weights of a micro-batch's samples: `table` by the number of a sample, which is its id, or
/// its row where there are no ids. An empty table: all 1.
struct RowWeights {
  std::span<const float> table;
  std::span<const std::uint64_t> ids;

  [[nodiscard]] bool empty() const { return table.empty(); }
  [[nodiscard]] float operator[](Index row) const {
    const auto r = static_cast<std::size_t>(row);
    return table[ids.empty() ? r : static_cast<std::size_t>(ids[r])];
  }
};

/// A matrix of one row of another; empty of an empty one. A stride of 0 keeps its only row.
template <class T>
[[nodiscard]] MatrixView<T> row_of(const MatrixView<T>& matrix, Index row) {
  if (matrix.empty()) return {};
  return {matrix.data + row * matrix.stride, 1, matrix.columns, matrix.stride};
}

}  // namespace hourglass
