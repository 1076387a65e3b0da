#include "core/sparse_rows.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

void SparseBatch::clear(Index width) {
  width_ = width;
  starts_.assign(1, 0);
  columns_.clear();
  values_.clear();
}

Index SparseBatch::bytes() const {
  return static_cast<Index>(starts_.capacity() * sizeof(Index) +
                            columns_.capacity() * sizeof(std::int32_t) +
                            values_.capacity() * sizeof(float));
}

void append_rows(ConstMatrix dense, SparseBatch& sparse) {
  for (Index r = 0; r < dense.rows; ++r) {
    for (Index c = 0; c < dense.columns; ++c) sparse.add(c, dense(r, c));
    sparse.end_row();
  }
}

void spread(const SparseRows& sparse, Matrix dense) {
  require(dense.rows == sparse.rows() && dense.columns == sparse.width,
          "sparse rows spread into a matrix of another shape");
  for (Index r = 0; r < dense.rows; ++r) {
    const auto row = dense.row(r);
    std::ranges::fill(row, 0.0F);
    const auto columns = sparse.columns_of(r);
    const auto values = sparse.values_of(r);
    for (std::size_t i = 0; i < columns.size(); ++i)
      row[static_cast<std::size_t>(columns[i])] = values[i];
  }
}

}  // namespace hourglass
