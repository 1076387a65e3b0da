#include "core/chunk_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index largest_slab = Index{32} << 20;

Index ceiling_quotient(Index dividend, Index divisor) {
  return dividend / divisor + (dividend % divisor != 0 ? 1 : 0);
}

// A row of chunks is cut evenly, so that no slab has rows of two.
Index slab_rows(Index rows, Index rows_per_chunk, Index row_bytes) {
  const Index together = std::max<Index>(1, std::min(rows_per_chunk, rows));
  const Index affordable = std::max<Index>(1, largest_slab / std::max<Index>(1, row_bytes));
  return ceiling_quotient(together, ceiling_quotient(together, affordable));
}

std::size_t bytes_of(Index rows, Index row_bytes) {
  return static_cast<std::size_t>(rows * row_bytes);
}

}  // namespace

ChunkRows::ChunkRows(Index rows, Index rows_per_chunk, Index row_bytes, ReadStored read_stored)
    : rows_(rows),
      rows_per_chunk_(std::max<Index>(1, std::min(rows_per_chunk, rows))),
      rows_per_slab_(slab_rows(rows, rows_per_chunk, row_bytes)),
      slabs_per_chunk_(ceiling_quotient(rows_per_chunk_, rows_per_slab_)),
      row_bytes_(row_bytes),
      read_stored_(std::move(read_stored)) {}

Index ChunkRows::slab_bytes(Index rows, Index rows_per_chunk, Index row_bytes) {
  const Index slab = slab_rows(rows, rows_per_chunk, row_bytes);
  return (slab < rows ? 2 : 1) * slab * row_bytes;
}

void ChunkRows::release() { slabs_ = {}; }

Index ChunkRows::slab_of(Index row) const {
  return row / rows_per_chunk_ * slabs_per_chunk_ + row % rows_per_chunk_ / rows_per_slab_;
}

Range ChunkRows::rows_of(Index slab) const {
  const Index chunk = slab / slabs_per_chunk_ * rows_per_chunk_;
  const Index begin = chunk + slab % slabs_per_chunk_ * rows_per_slab_;
  return {begin, std::min({rows_, chunk + rows_per_chunk_, begin + rows_per_slab_})};
}

const ChunkRows::Slab& ChunkRows::unpacked(Index number) {
  if (slabs_[0].number == number) return slabs_[0];
  std::swap(slabs_[0], slabs_[1]);
  Slab& slab = slabs_[0];
  if (slab.number == number) return slab;
  const Range rows = rows_of(number);
  slab.number = -1;  // until all of it is there
  slab.bytes.resize(bytes_of(rows_per_slab_, row_bytes_));
  read_stored_({&rows, 1}, std::span(slab.bytes).first(bytes_of(rows.size(), row_bytes_)));
  slab.number = number;
  return slab;
}

void ChunkRows::read_by_slabs(Range run, std::span<std::byte> bytes) {
  for (Index begin = run.begin; begin < run.end;) {
    const Index number = slab_of(begin);
    const Range slab_range = rows_of(number);
    const auto target = bytes.subspan(bytes_of(begin - run.begin, row_bytes_));
    const bool held = slabs_[0].number == number || slabs_[1].number == number;
    Range part{begin, std::min(run.end, slab_range.end)};
    if (!held && part == slab_range) {
      while (part.end < run.end && rows_of(slab_of(part.end)).end <= run.end)
        part.end = rows_of(slab_of(part.end)).end;
      read_stored_({&part, 1}, target.first(bytes_of(part.size(), row_bytes_)));
    } else {
      const Slab& slab = unpacked(number);
      std::memcpy(target.data(),
                  slab.bytes.data() + bytes_of(part.begin - slab_range.begin, row_bytes_),
                  bytes_of(part.size(), row_bytes_));
    }
    begin = part.end;
  }
}

void ChunkRows::read_in_one_pass(std::span<const Range> runs, std::span<std::byte> bytes) {
  std::vector<Range> pieces;  // of one row of chunks
  Index rows = 0;
  const auto flush = [&] {
    read_stored_(pieces, bytes.first(bytes_of(rows, row_bytes_)));
    bytes = bytes.subspan(bytes_of(std::exchange(rows, 0), row_bytes_));
    pieces.clear();
  };
  for (const Range& run : runs) {
    for (Index begin = run.begin; begin < run.end; begin = pieces.back().end) {
      const Index chunk = begin / rows_per_chunk_;
      if (!pieces.empty() && pieces.back().begin / rows_per_chunk_ != chunk) flush();
      pieces.push_back({begin, std::min(run.end, (chunk + 1) * rows_per_chunk_)});
      rows += pieces.back().size();
    }
  }
  flush();
}

void ChunkRows::read(std::span<const Range> runs, std::span<std::byte> bytes) {
  if (rows_per_slab_ < rows_per_chunk_ && runs.size() > 1) return read_in_one_pass(runs, bytes);
  for (const Range& run : runs) {
    const auto size = bytes_of(run.size(), row_bytes_);
    read_by_slabs(run, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

}  // namespace hourglass
