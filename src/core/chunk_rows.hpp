#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Rows out of a data set whose chunks have to be unpacked, each of them as rarely as bounded
/// memory allows. The library's own chunk cache either keeps chunks that were read in part for
/// ever (w0 = 1) or unpacks them anew for each block of rows; so it is left empty, and this class
/// owns the unpacked rows: the rows of the two "slabs" used last, a slab being a row of chunks or,
/// where that is large, a part of it. Whole slabs go straight to their destination. Not
/// thread-safe.
class ChunkRows {
 public:
  /// Reads ascending, disjoint ranges of rows, one after the other: one range, or several of one
  /// row of chunks, whose chunks are unpacked once.
  using ReadStored = std::function<void(std::span<const Range> runs, std::span<std::byte> bytes)>;

  /// `rows_per_chunk`: rows that are unpacked together.
  ChunkRows(Index rows, Index rows_per_chunk, Index row_bytes, ReadStored read_stored);

  /// Reads ascending, disjoint ranges of rows to `bytes`, one after the other.
  void read(std::span<const Range> runs, std::span<std::byte> bytes);
  /// Gives the memory of the slabs back.
  void release();

  /// The most bytes that the slabs take.
  [[nodiscard]] static Index slab_bytes(Index rows, Index rows_per_chunk, Index row_bytes);

 private:
  struct Slab {
    Index number = -1;
    std::vector<std::byte> bytes;
  };

  void read_by_slabs(Range run, std::span<std::byte> bytes);
  void read_in_one_pass(std::span<const Range> runs, std::span<std::byte> bytes);
  const Slab& unpacked(Index number);
  [[nodiscard]] Index slab_of(Index row) const;
  [[nodiscard]] Range rows_of(Index slab) const;

  Index rows_;
  Index rows_per_chunk_;
  Index rows_per_slab_;
  Index slabs_per_chunk_;
  Index row_bytes_;
  ReadStored read_stored_;
  std::array<Slab, 2> slabs_;  ///< the one used last comes first
};

}  // namespace hourglass
