#include "core/chunk_columns.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace hourglass {

namespace {

Index chunks_along(Index size, Index chunk) { return (size + chunk - 1) / chunk; }

Index product(std::span<const Index> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), Index{1}, std::multiplies<>());
}

/// The first elements of the column's pieces, each as long as its last dimension, in a row.
std::vector<Index> piece_places(const ChunkColumn& column, std::span<const Index> sizes) {
  const Index length = column.size.empty() ? 1 : column.size.back();
  std::vector<Index> places;
  for (Index piece = 0; piece < column.features() / length; ++piece) {
    Index rest = piece;
    Index place = column.begin.empty() ? 0 : column.begin.back();
    Index stride = sizes.empty() ? 1 : sizes.back();
    for (std::size_t d = column.size.size() - std::min<std::size_t>(1, column.size.size());
         d-- > 0;) {
      place += (column.begin[d] + rest % column.size[d]) * stride;
      rest /= column.size[d];
      stride *= sizes[d];
    }
    places.push_back(place);
  }
  return places;
}

}  // namespace

Index ChunkColumn::features() const { return product(size); }

Index chunk_column_count(std::span<const Index> shape, std::span<const Index> chunk) {
  Index count = 1;
  for (std::size_t d = 1; d < shape.size(); ++d) count *= chunks_along(shape[d], chunk[d]);
  return count;
}

ChunkColumn chunk_column(std::span<const Index> shape, std::span<const Index> chunk, Index number) {
  ChunkColumn column{std::vector<Index>(shape.size() - 1), std::vector<Index>(shape.size() - 1)};
  for (std::size_t d = shape.size() - 1; d > 0; --d) {
    const Index count = chunks_along(shape[d], chunk[d]);
    column.begin[d - 1] = number % count * chunk[d];
    column.size[d - 1] = std::min(chunk[d], shape[d] - column.begin[d - 1]);
    number /= count;
  }
  return column;
}

void copy_chunk_column(const ChunkColumn& column, std::span<const Index> shape, Index element_bytes,
                       std::span<const Range> runs, std::span<const std::byte> box,
                       std::span<std::byte> rows) {
  const std::span<const Index> sizes = shape.subspan(1);
  const std::vector<Index> places = piece_places(column, sizes);
  const Index piece_bytes = (column.size.empty() ? 1 : column.size.back()) * element_bytes;
  const Index box_row_bytes = column.features() * element_bytes;
  std::byte* target = rows.data();
  for (const Range& run : runs) {
    for (Index row = run.begin; row < run.end; ++row) {
      const std::byte* source = box.data() + (row - runs.front().begin) * box_row_bytes;
      for (const Index place : places) {
        std::memcpy(target + place * element_bytes, source, static_cast<std::size_t>(piece_bytes));
        source += piece_bytes;
      }
      target += product(sizes) * element_bytes;
    }
  }
}

}  // namespace hourglass
