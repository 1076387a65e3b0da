#include "data/window_buffer.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/finite_rows.hpp"

namespace hourglass {

WindowBuffer::WindowBuffer(Index capacity, Index row_bytes)
    : row_bytes_(row_bytes), samples_(capacity * row_bytes), rows_(capacity), places_(capacity) {}

Index WindowBuffer::bytes(Index capacity, Index row_bytes) {
  return capacity * (row_bytes + 2 * static_cast<Index>(sizeof(Index)));
}

bool WindowBuffer::load(const DatasetReader& reader, const MissingValues& missing,
                        const ShardOrder& order, Index window,
                        const std::function<bool()>& cancelled) {
  arrange(order, window);
  return read(reader, missing, cancelled);
}

void WindowBuffer::arrange(const ShardOrder& order, Index window) {
  positions_ = order.window_positions(window);
  const std::vector<Range> blocks = order.window_blocks(window);
  std::vector<std::size_t> in_file(blocks.size());
  std::iota(in_file.begin(), in_file.end(), std::size_t{0});
  std::ranges::sort(in_file, {}, [&](std::size_t block) { return blocks[block].begin; });

  std::vector<Index> block_places(blocks.size());
  runs_.clear();
  Index place = 0;
  for (const std::size_t block : in_file) {
    block_places[block] = place;
    place += blocks[block].size();
    if (!runs_.empty() && runs_.back().end == blocks[block].begin) {
      runs_.back().end = blocks[block].end;
    } else {
      runs_.push_back(blocks[block]);
    }
  }

  // The order speaks of offsets in the permuted blocks; here they are turned into rows and places
  // in file order.
  std::vector<Index> row_at;
  std::vector<Index> place_at;
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    for (Index i = 0; i < blocks[block].size(); ++i) {
      row_at.push_back(blocks[block].begin + i);
      place_at.push_back(block_places[block] + i);
    }
  }
  Index position = 0;
  for (const Index offset : order.window_offsets(window)) {
    rows_[position] = row_at[static_cast<std::size_t>(offset)];
    places_[position] = place_at[static_cast<std::size_t>(offset)];
    ++position;
  }
}

bool WindowBuffer::read(const DatasetReader& reader, const MissingValues& missing,
                        const std::function<bool()>& cancelled) {
  const Index most = rows_a_read(reader.info());
  const Index together = reader.info().rows_per_unpacking;
  std::vector<Range> pieces;
  Index rows = 0;
  Index place = 0;
  const auto flush = [&] {
    if (pieces.empty()) return true;
    if (cancelled()) return false;
    read_finite_runs(reader, pieces,
                     samples_.span().subspan(static_cast<std::size_t>(place * row_bytes_),
                                             static_cast<std::size_t>(rows * row_bytes_)),
                     missing);
    place += std::exchange(rows, 0);
    pieces.clear();
    return true;
  };
  // A read ends between rows that are not unpacked together, as soon as it is large.
  for (const Range& run : runs_) {
    for (Index row = run.begin; row < run.end; row = pieces.back().end) {
      const bool apart = !pieces.empty() && (pieces.back().end - 1) / together != row / together;
      if (rows >= most && apart && !flush()) return false;
      pieces.push_back({row, std::min(run.end, round_up(row + most, together))});
      rows += pieces.back().size();
    }
  }
  return flush();
}

}  // namespace hourglass
