#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The part of each row that lies in one column of chunks: a box of the dimensions behind the
/// first.
struct ChunkColumn {
  std::vector<Index> begin;  ///< by dimension, without the first
  std::vector<Index> size;

  [[nodiscard]] Index features() const;
};

[[nodiscard]] Index chunk_column_count(std::span<const Index> shape, std::span<const Index> chunk);
/// Column number `number` of a data set of that shape, in chunks of that shape.
[[nodiscard]] ChunkColumn chunk_column(std::span<const Index> shape, std::span<const Index> chunk,
                                       Index number);

/// Copies the rows of `runs` (ascending) out of `box`, which holds the column's part of all rows
/// from the first to the last of them, to whole rows that lie one after the other in `rows`.
void copy_chunk_column(const ChunkColumn& column, std::span<const Index> shape, Index element_bytes,
                       std::span<const Range> runs, std::span<const std::byte> box,
                       std::span<std::byte> rows);

}  // namespace hourglass
