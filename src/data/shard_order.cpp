#include "data/shard_order.hpp"

#include <algorithm>
#include <string>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Index ceiling_quotient(Index dividend, Index divisor) {
  return dividend / divisor + (dividend % divisor != 0 ? 1 : 0);
}

/// Blocks larger than the shard and windows of more blocks than it has change nothing in the order.
ShuffleSettings cut_to(ShuffleSettings settings, Index shard_rows) {
  if (settings.block < 1 || settings.window < 1) {
    throw Error(ErrorKind::usage, "--shuffle-block and --shuffle-window must be at least 1, not " +
                                      std::to_string(settings.block) + " and " +
                                      std::to_string(settings.window));
  }
  settings.block = std::clamp(settings.block, Index{1}, std::max(shard_rows, Index{1}));
  const Index blocks = ceiling_quotient(shard_rows, settings.block);
  settings.window = std::clamp(settings.window, Index{1}, std::max(blocks, Index{1}));
  return settings;
}

}  // namespace

ShardOrder::ShardOrder(const ShuffleSettings& settings, Index shard, Range rows,
                       std::uint32_t epoch)
    : settings_(cut_to(settings, rows.size())), shard_(shard), rows_(rows), epoch_(epoch) {
  const Index blocks = ceiling_quotient(rows.size(), settings_.block);
  block_order_.resize(static_cast<std::size_t>(blocks));
  random_permutation(CounterRandom(settings_.seed, Purpose::shuffle_blocks),
                     static_cast<std::uint64_t>(shard), epoch, 0, block_order_);
  short_window_ =
      (std::ranges::find(block_order_, blocks - 1) - block_order_.begin()) / settings_.window;
}

Index ShardOrder::window_count() const {
  return ceiling_quotient(static_cast<Index>(block_order_.size()), settings_.window);
}

Range ShardOrder::window_positions(Index window) const {
  const Index whole = settings_.block * settings_.window;
  const Index missing =
      round_up(size(), settings_.block) - size();  // rows that the last block lacks
  const auto cut = [&](Index w) {
    return w == window_count() ? size() : w * whole - (short_window_ < w ? missing : 0);
  };
  return {cut(window), cut(window + 1)};
}

Index ShardOrder::window_of(Index position) const {
  Index window = position / (settings_.block * settings_.window);
  // Windows after the short one begin earlier than the quotient says, by less than a block.
  if (window + 1 < window_count() && position >= window_positions(window).end) ++window;
  return window;
}

Range ShardOrder::block_rows(Index block) const {
  const Index begin = rows_.begin + block * settings_.block;
  return {begin, std::min(begin + settings_.block, rows_.end)};
}

std::vector<Range> ShardOrder::window_blocks(Index window) const {
  const Index begin = window * settings_.window;
  const Index end = std::min(begin + settings_.window, static_cast<Index>(block_order_.size()));
  std::vector<Range> blocks;
  blocks.reserve(static_cast<std::size_t>(end - begin));
  for (Index i = begin; i < end; ++i)
    blocks.push_back(block_rows(block_order_[static_cast<std::size_t>(i)]));
  return blocks;
}

std::vector<Index> ShardOrder::window_offsets(Index window) const {
  std::vector<Index> offsets(static_cast<std::size_t>(window_positions(window).size()));
  random_permutation(CounterRandom(settings_.seed, Purpose::shuffle_window),
                     static_cast<std::uint64_t>(shard_), epoch_, static_cast<std::uint32_t>(window),
                     offsets);
  return offsets;
}

std::vector<Index> ShardOrder::rows() const {
  std::vector<Index> result(static_cast<std::size_t>(size()));
  rows(result);
  return result;
}

void ShardOrder::rows(std::span<Index> destination) const {
  require(static_cast<Index>(destination.size()) == size(),
          "a shard's order needs one element a row");
  std::vector<Index> concatenated;
  for (Index window = 0; window < window_count(); ++window) {
    concatenated.clear();
    for (const Range& block : window_blocks(window)) {
      for (Index row = block.begin; row < block.end; ++row) concatenated.push_back(row);
    }
    auto position = static_cast<std::size_t>(window_positions(window).begin);
    for (const Index offset : window_offsets(window)) {
      destination[position++] = concatenated[static_cast<std::size_t>(offset)];
    }
  }
}

Index ShardOrder::window_capacity(const ShuffleSettings& settings, Index shard_rows) {
  const ShuffleSettings cut = cut_to(settings, shard_rows);
  return std::min(cut.block * cut.window, shard_rows);
}

}  // namespace hourglass
