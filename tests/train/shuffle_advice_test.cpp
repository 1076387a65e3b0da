#include "train/shuffle_advice.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

constexpr Index block = 32;
constexpr Index window = 64;

std::string advice(Index length, Index samples, ShuffleSettings shuffle, bool in_memory) {
  const ShardPlan plan(samples, 4, 32);
  return shuffle_advice({0.01, length}, plan, shuffle, in_memory).value_or("");
}

TEST(ShuffleAdvice, is_silent_where_order_does_not_matter) {
  EXPECT_EQ(advice(1, 1 << 22, {1, block, window}, true), "");
  // The windows hold all runs that there are.
  EXPECT_EQ(advice(512, 1 << 16, {1, block, window}, true), "");
}

TEST(ShuffleAdvice, names_settings_that_need_none) {
  for (const Index length : {4, 64, 512}) {
    const std::string in_memory = advice(length, 1 << 22, {1, block, window}, true);
    EXPECT_NE(in_memory.find("--shuffle-block 1 --shuffle-window 2048"), std::string::npos)
        << in_memory;
    EXPECT_EQ(advice(length, 1 << 22, {1, 1, 2048}, true), "");
    const std::string streamed = advice(length, 1 << 22, {1, block, window}, false);
    const std::size_t place = streamed.find("--shuffle-window ");
    ASSERT_NE(place, std::string::npos);
    EXPECT_EQ(streamed.find("--shuffle-block"), std::string::npos);
    const Index larger = std::stol(streamed.substr(place + 17));
    EXPECT_GT(larger, window);
    EXPECT_EQ(advice(length, 1 << 22, {1, block, larger}, false), "");
  }
}

TEST(ShuffleAdvice, ends_for_blocks_that_do_not_divide_the_shard) {
  EXPECT_NE(advice(16, 100003, {1, 1000, 1}, false), "");
}

}  // namespace
}  // namespace hourglass
