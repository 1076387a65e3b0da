#include "data/shard_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::vector<Index> concatenation(const std::vector<Range>& blocks) {
  std::vector<Index> rows;
  for (const Range& block : blocks) {
    for (Index row = block.begin; row < block.end; ++row) rows.push_back(row);
  }
  return rows;
}

void check(const ShuffleSettings& settings, Index shard, Range rows, std::uint32_t epoch) {
  const ShardOrder order(settings, shard, rows, epoch);
  const std::vector<Index> result = order.rows();
  std::vector<Index> sorted = result;
  std::ranges::sort(sorted);
  std::vector<Index> expected(static_cast<std::size_t>(rows.size()));
  std::iota(expected.begin(), expected.end(), rows.begin);
  ASSERT_EQ(sorted, expected) << "a row is missing or doubled";

  Index next = 0;
  for (Index window = 0; window < order.window_count(); ++window) {
    const Range positions = order.window_positions(window);
    ASSERT_EQ(positions.begin, next);
    ASSERT_GT(positions.size(), 0);
    next = positions.end;
    const std::vector<Range> blocks = order.window_blocks(window);
    ASSERT_LE(static_cast<Index>(blocks.size()), settings.window);
    for (const Range& block : blocks) {
      ASSERT_LE(block.size(), settings.block);
      ASSERT_EQ((block.begin - rows.begin) % settings.block, 0);
      ASSERT_TRUE(block.size() == settings.block || block.end == rows.end);
    }
    const std::vector<Index> concatenated = concatenation(blocks);
    const std::vector<Index> offsets = order.window_offsets(window);
    ASSERT_EQ(static_cast<Index>(concatenated.size()), positions.size());
    ASSERT_LE(positions.size(), ShardOrder::window_capacity(settings, rows.size()));
    for (Index p = positions.begin; p < positions.end; ++p) {
      ASSERT_EQ(order.window_of(p), window);
      const auto offset =
          static_cast<std::size_t>(offsets[static_cast<std::size_t>(p - positions.begin)]);
      ASSERT_EQ(result[static_cast<std::size_t>(p)], concatenated.at(offset));
    }
  }
  ASSERT_EQ(next, rows.size());
}

TEST(ShardOrder, every_row_occurs_once_in_the_window_that_holds_its_block) {
  std::mt19937_64 random(11);
  const auto draw = [&](Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(random);
  };
  for (int i = 0; i < 4000; ++i) {
    const ShuffleSettings settings{static_cast<std::uint64_t>(draw(0, 1 << 30)), draw(1, 12),
                                   draw(1, 9)};
    const Index begin = draw(0, 1000);
    const Range rows{begin, begin + draw(0, 150)};
    check(settings, draw(0, 20), rows, static_cast<std::uint32_t>(draw(0, 50)));
    if (HasFatalFailure()) FAIL() << settings.block << " " << settings.window << " " << rows.size();
  }
}

TEST(ShardOrder, depends_on_seed_epoch_and_shard_and_on_nothing_else) {
  const ShuffleSettings settings{5, 4, 3};
  const Range rows{10, 110};
  const std::vector<Index> order = ShardOrder(settings, 2, rows, 7).rows();
  EXPECT_EQ(ShardOrder(settings, 2, rows, 7).rows(), order);
  EXPECT_NE(ShardOrder(settings, 2, rows, 8).rows(), order);
  EXPECT_NE(ShardOrder(settings, 3, rows, 7).rows(), order);
  EXPECT_NE(ShardOrder({6, 4, 3}, 2, rows, 7).rows(), order);
}

TEST(ShardOrder, is_the_same_on_every_machine) {
  // A change of these numbers changes every trained model: resuming an older checkpoint would see
  // other data.
  const std::vector<Index> expected = {110, 109, 114, 112, 111, 113, 105, 107,
                                       106, 104, 103, 108, 102, 115, 101, 100};
  EXPECT_EQ(ShardOrder({1, 3, 2}, 1, {100, 116}, 2).rows(), expected);
}

TEST(ShardOrder, rows_move_inside_and_between_windows) {
  const Index size = 6400;
  const ShardOrder order({3, 32, 10}, 0, {0, size}, 0);
  const std::vector<Index> rows = order.rows();
  // In a uniform shuffle one row in `size` stays and one in `size` follows its neighbour; here
  // neighbours share a window of 320.
  Index fixed = 0;
  Index followed = 0;
  for (std::size_t p = 0; p < rows.size(); ++p) {
    fixed += rows[p] == static_cast<Index>(p) ? 1 : 0;
    followed += p > 0 && rows[p] == rows[p - 1] + 1 ? 1 : 0;
  }
  EXPECT_LT(fixed, 20);
  EXPECT_LT(followed, 80);
  // The first window holds blocks from everywhere, not the first ten.
  std::vector<Range> blocks = order.window_blocks(0);
  EXPECT_GT(std::ranges::max(blocks, {}, &Range::begin).begin, size / 2);
}

TEST(ShardOrder, one_block_windows_and_one_row_blocks) {
  check({1, 1, 1}, 0, {0, 37}, 0);
  check({1, 100, 100}, 0, {5, 42}, 0);
  check({1, Index{1} << 62, Index{1} << 62}, 0, {5, 42}, 0);
  const ShardOrder empty({1, 4, 4}, 3, {9, 9}, 0);
  EXPECT_EQ(empty.window_count(), 0);
  EXPECT_TRUE(empty.rows().empty());
}

TEST(ShardOrder, capacity_is_that_of_the_largest_window) {
  EXPECT_EQ(ShardOrder::window_capacity({1, 32, 64}, 100000), 2048);
  EXPECT_EQ(ShardOrder::window_capacity({1, 32, 64}, 100), 100);
  EXPECT_EQ(ShardOrder::window_capacity({1, 32, 64}, 0), 0);
  EXPECT_EQ(ShardOrder::window_capacity({1, Index{1} << 62, Index{1} << 62}, 100), 100);
}

TEST(ShardOrder, impossible_settings_are_refused) {
  EXPECT_THROW(ShardOrder({1, 0, 4}, 0, {0, 9}, 0), Error);
  EXPECT_THROW(ShardOrder({1, 4, 0}, 0, {0, 9}, 0), Error);
}

}  // namespace
}  // namespace hourglass
