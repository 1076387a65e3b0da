#include "data/window_buffer.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/finite_rows.hpp"

namespace hourglass {

WindowBuffer::Capacity::Capacity(const DatasetInfo& info, const ShuffleSettings& settings,
                                 Range shard_rows, bool sparse)
    : rows(ShardOrder::window_capacity(settings, shard_rows.size())),
      steps(rows),
      step_bytes(sparse ? 0 : info.step_bytes()),
      value_bytes(size_of(info.type)) {
  if (sparse) entries = info.entries.most(shard_rows, settings.block, settings.window);
  if (info.steps.length() == 1 || shard_rows.empty()) return;
  Index largest = 0;
  Index blocks = 0;
  for (Index begin = shard_rows.begin; begin < shard_rows.end; begin += settings.block, ++blocks) {
    const Range block{begin, std::min(shard_rows.end, begin + settings.block)};
    largest = std::max(largest, info.steps.of(block).size());
  }
  steps = std::min(info.steps.of(shard_rows).size(), std::min(blocks, settings.window) * largest);
}

Index WindowBuffer::Capacity::bytes() const {
  const Index samples =
      step_bytes == 0 ? compressed_bytes(rows, entries, value_bytes) : steps * step_bytes;
  return samples + 2 * rows * static_cast<Index>(sizeof(Index));
}

WindowBuffer::WindowBuffer(const Capacity& capacity)
    : step_bytes_(capacity.step_bytes),
      samples_(capacity.steps * capacity.step_bytes),
      rows_(capacity.rows),
      places_(capacity.rows) {
  if (step_bytes_ > 0) return;
  sparse_rows_.value_bytes = static_cast<std::size_t>(capacity.value_bytes);
  sparse_rows_.reserve(capacity.rows, capacity.entries);
}

bool WindowBuffer::load(const DatasetReader& reader, const MissingValues& missing,
                        const ShardOrder& order, Index window,
                        const std::function<bool()>& cancelled) {
  arrange(reader.info().steps, order, window);
  return step_bytes_ > 0 ? read(reader, missing, cancelled)
                         : read_sparse(reader, missing, cancelled);
}

void WindowBuffer::arrange(const RowSteps& steps, const ShardOrder& order, Index window) {
  positions_ = order.window_positions(window);
  const std::vector<Range> blocks = order.window_blocks(window);
  std::vector<std::size_t> in_file(blocks.size());
  std::iota(in_file.begin(), in_file.end(), std::size_t{0});
  std::ranges::sort(in_file, {}, [&](std::size_t block) { return blocks[block].begin; });

  std::vector<Index> block_places(blocks.size());
  runs_.clear();
  Index run_place = 0;
  for (const std::size_t block : in_file) {
    const Range needed = steps.of(blocks[block]);
    if (!runs_.empty() && needed.begin <= runs_.back().end) {
      runs_.back().end = std::max(runs_.back().end, needed.end);
    } else {
      if (!runs_.empty()) run_place += runs_.back().size();
      runs_.push_back(needed);
    }
    block_places[block] = run_place + needed.begin - runs_.back().begin;
  }

  // The order speaks of offsets in the permuted blocks; here they are turned into rows and places
  // in file order.
  std::vector<Index> row_at;
  std::vector<Index> place_at;
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    const Index first = steps.first(blocks[block].begin);
    for (Index row = blocks[block].begin; row < blocks[block].end; ++row) {
      row_at.push_back(row);
      place_at.push_back(block_places[block] + steps.first(row) - first);
    }
  }
  Index position = 0;
  for (const Index offset : order.window_offsets(window)) {
    rows_[position] = row_at[static_cast<std::size_t>(offset)];
    places_[position] = place_at[static_cast<std::size_t>(offset)];
    ++position;
  }
}

bool WindowBuffer::read_sparse(const DatasetReader& reader, const MissingValues& missing,
                               const std::function<bool()>& cancelled) {
  const RowEntries& entries = reader.info().entries;
  const Index most = entries_a_read(reader.info());
  std::vector<Range> pieces;
  Index count = 0;
  sparse_rows_.clear();
  const auto flush = [&] {
    if (pieces.empty()) return true;
    if (cancelled()) return false;
    read_finite_sparse(reader, pieces, sparse_rows_, missing);
    count = 0;
    pieces.clear();
    return true;
  };
  for (const Range& run : runs_) {
    for (Index row = run.begin; row < run.end; row = pieces.back().end) {
      if (count >= most && !flush()) return false;
      Index end = row + 1;
      while (end < run.end && count + entries.count({row, end}) < most) ++end;
      pieces.push_back({row, end});
      count += entries.count({row, end});
    }
  }
  return flush();
}

bool WindowBuffer::read(const DatasetReader& reader, const MissingValues& missing,
                        const std::function<bool()>& cancelled) {
  const Index most = steps_a_read(reader.info());
  const Index together = reader.info().rows_per_unpacking;
  std::vector<Range> pieces;
  Index steps = 0;
  Index place = 0;
  const auto flush = [&] {
    if (pieces.empty()) return true;
    if (cancelled()) return false;
    read_finite_steps(reader, pieces,
                      samples_.span().subspan(static_cast<std::size_t>(place * step_bytes_),
                                              static_cast<std::size_t>(steps * step_bytes_)),
                      missing);
    place += std::exchange(steps, 0);
    pieces.clear();
    return true;
  };
  // A read ends between steps that are not unpacked together, as soon as it is large.
  for (const Range& run : runs_) {
    for (Index step = run.begin; step < run.end; step = pieces.back().end) {
      const bool apart = !pieces.empty() && (pieces.back().end - 1) / together != step / together;
      if (steps >= most && apart && !flush()) return false;
      pieces.push_back({step, std::min(run.end, round_up(step + most, together))});
      steps += pieces.back().size();
    }
  }
  return flush();
}

}  // namespace hourglass
