#include "import/entry_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "hourglass/core/error.hpp"
#include "system/machine.hpp"

namespace hourglass {

namespace {

constexpr Index smallest_piece = Index{64} << 20;
constexpr Index largest_piece = Index{4} << 30;
constexpr Index share_of_memory = 16;

}  // namespace

EntryReader::EntryReader()
    : piece_bytes_(std::clamp(usable_memory() / share_of_memory, smallest_piece, largest_piece)) {}

std::vector<Index> EntryReader::count(const Communicator& communicator) {
  collectively(communicator, [&] {
    if (samples() <= usable_memory() / share_of_memory) return;
    throw Error(ErrorKind::data, fmt::format("{}: its header claims {} samples, whose numbers of "
                                             "elements do not fit in memory",
                                             path(), samples()));
  });
  std::vector<Index> counts(static_cast<std::size_t>(samples()));
  const auto block_count = static_cast<std::size_t>(blocks());
  // First sample and the one behind the last, of blocks that other ranks read 0.
  std::vector<Index> bounds(2 * block_count);
  Index elements = 0;
  collectively(communicator, [&] {
    const Range mine = even_part(blocks(), communicator.size(), communicator.rank());
    for (Index block = mine.begin; block < mine.end; ++block) {
      Index lowest = std::numeric_limits<Index>::max();
      Index highest = -1;
      scan(block, [&](Index sample, Index feature, const std::byte*) {
        ++elements;
        if (!places().empty() && places()[static_cast<std::size_t>(feature)] < 0) return;
        ++counts[static_cast<std::size_t>(sample)];
        lowest = std::min(lowest, sample);
        highest = std::max(highest, sample);
      });
      if (highest < 0) continue;
      bounds[2 * static_cast<std::size_t>(block)] = lowest;
      bounds[2 * static_cast<std::size_t>(block) + 1] = highest + 1;
    }
  });
  communicator.sum(std::span<std::int64_t>(counts));
  communicator.sum(std::span<std::int64_t>(bounds));
  std::vector<std::int64_t> total = {elements};
  communicator.sum(std::span<std::int64_t>(total));
  collectively(communicator, [&] { check_total(total.front()); });
  samples_of_block_.clear();
  for (std::size_t block = 0; block < block_count; ++block)
    samples_of_block_.push_back({bounds[2 * block], bounds[2 * block + 1]});
  return counts;
}

std::vector<std::vector<Range>> EntryReader::pieces(const RowEntries& entries, Index ranks) const {
  const Index each = size_of(type()) + static_cast<Index>(sizeof(std::int32_t));
  const Index total = entries.count({0, samples()});
  const Index most = std::min(std::max<Index>(1, piece_bytes_ / each), total / ranks + 1);
  std::vector<Range> all;
  for (Index begin = 0; begin < samples();) {
    Index end = begin + 1;
    while (end < samples() && entries.count({begin, end + 1}) <= most) ++end;
    all.push_back({begin, end});
    begin = end;
  }
  std::vector<std::vector<Range>> of_ranks;
  for (Index rank = 0; rank < ranks; ++rank) {
    const Range part = even_part(static_cast<Index>(all.size()), ranks, rank);
    of_ranks.emplace_back(all.begin() + part.begin, all.begin() + part.end);
  }
  return of_ranks;
}

void EntryReader::read(Range samples, const RowEntries& entries, CompressedRows& rows) {
  const Index first = rows.rows();
  const Index offset = rows.entries();
  const auto value_bytes = static_cast<std::size_t>(size_of(type()));
  rows.value_bytes = value_bytes;
  rows.extend(entries.count(samples));
  std::vector<Index> next;  // where the next element of each sample goes
  for (Index sample = samples.begin; sample < samples.end; ++sample) {
    next.push_back(offset + entries.count({samples.begin, sample}));
    rows.starts.push_back(offset + entries.count({samples.begin, sample + 1}));
  }
  for (Index block = 0; block < blocks(); ++block) {
    const Range held = samples_of_block_[static_cast<std::size_t>(block)];
    if (held.end <= samples.begin || held.begin >= samples.end) continue;
    scan(block, [&](Index sample, Index feature, const std::byte* value) {
      if (sample < samples.begin || sample >= samples.end) return;
      const auto number = static_cast<std::size_t>(feature);
      const std::int32_t column =
          places().empty() ? static_cast<std::int32_t>(feature) : places()[number];
      if (column < 0) return;
      Index& place = next[static_cast<std::size_t>(sample - samples.begin)];
      const auto row = static_cast<std::size_t>(first + sample - samples.begin);
      if (place == rows.starts[row + 1])
        throw Error(ErrorKind::data, path() + ": has changed while it was read");
      const auto target = static_cast<std::size_t>(place++);
      rows.columns[target] = column;
      std::memcpy(rows.values.data() + target * value_bytes, value, value_bytes);
    });
  }
  for (Index row = first; row < rows.rows(); ++row) {
    if (next[static_cast<std::size_t>(row - first)] !=
        rows.starts[static_cast<std::size_t>(row) + 1])
      throw Error(ErrorKind::data, path() + ": has changed while it was read");
    if (are_ordered(rows.columns_of(row), std::numeric_limits<std::int32_t>::max())) continue;
    const std::int32_t doubled = order_row(rows, row);
    if (doubled < 0) continue;
    throw Error(ErrorKind::data,
                fmt::format("{}: sample {} (from 0) has two elements of feature {}", path(),
                            samples.begin + row - first, doubled));
  }
}

}  // namespace hourglass
