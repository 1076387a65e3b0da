// Properties of the way from samples over shards to ranks and up the tree, over thousands of random
// (samples N, shards S, ranks P).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <random>
#include <vector>

#include "core/tree_sum.hpp"
#include "data/shard_plan.hpp"

namespace hourglass {
namespace {

struct Draw {
  Index samples, shards, micro_batch, ranks;
};

std::ostream& operator<<(std::ostream& stream, const Draw& draw) {
  return stream << "N = " << draw.samples << ", S = " << draw.shards << ", micro-batch "
                << draw.micro_batch << ", P = " << draw.ranks;
}

/// `check` on random draws: half of them small, where edges are near, half large.
template <class Check>
void for_random_plans(std::uint64_t seed, Index largest_shards, Check check) {
  std::mt19937_64 random(seed);
  const auto draw = [&](Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(random);
  };
  for (int i = 0; i < 4000; ++i) {
    const bool small = i % 2 == 0;
    const Index shards = draw(1, small ? 9 : largest_shards);
    const Draw plan = {draw(1, small ? 60 : Index{1} << 50), shards, draw(1, small ? 7 : 4096),
                       draw(1, shards)};
    check(plan, random);
    if (testing::Test::HasFatalFailure()) FAIL() << plan;
  }
}

TEST(RankPlan, each_row_belongs_to_one_rank_and_ranks_differ_by_at_most_a_shard) {
  for_random_plans(1, 5000, [](const Draw& draw, auto&) {
    const ShardPlan plan(draw.samples, draw.shards, draw.micro_batch);
    Index next_shard = 0;
    Index next_row = 0;
    Index fewest = draw.shards;
    Index most = 0;
    for (Index rank = 0; rank < draw.ranks; ++rank) {
      const Range shards = plan.shards_of_rank(rank, draw.ranks);
      const Range rows = plan.rows_of_rank(rank, draw.ranks);
      ASSERT_EQ(shards.begin, next_shard);
      ASSERT_FALSE(shards.empty());
      ASSERT_EQ(rows.begin, next_row);
      ASSERT_EQ(rows.begin, plan.shard_rows(shards.begin).begin);
      ASSERT_EQ(rows.end, plan.shard_rows(shards.end - 1).end);
      fewest = std::min(fewest, shards.size());
      most = std::max(most, shards.size());
      next_shard = shards.end;
      next_row = rows.end;
    }
    ASSERT_EQ(next_shard, draw.shards);
    ASSERT_EQ(next_row, draw.samples);
    ASSERT_LE(most - fewest, 1);
  });
}

TEST(RankPlan, the_samples_of_a_step_over_the_ranks_are_what_its_gradient_is_divided_by) {
  for_random_plans(2, 300, [](const Draw& draw, auto& random) {
    const ShardPlan plan(draw.samples, draw.shards, draw.micro_batch);
    const Index step = std::uniform_int_distribution<Index>(0, plan.steps_per_epoch() - 1)(random);
    Index samples = 0;
    for (Index rank = 0; rank < draw.ranks; ++rank) {
      const Range shards = plan.shards_of_rank(rank, draw.ranks);
      for (Index shard = shards.begin; shard < shards.end; ++shard) {
        const Range positions = plan.positions(shard, step);
        ASSERT_LE(positions.size(), draw.micro_batch);
        ASSERT_LE(positions.end, plan.shard_rows(shard).size());
        samples += positions.size();
      }
    }
    ASSERT_EQ(samples, plan.samples_in_step(step));
    ASSERT_GT(samples, 0);
  });
}

TEST(RankPlan, the_nodes_that_ranks_finish_alone_sum_to_the_bits_of_one_rank) {
  for_random_plans(3, 200, [](const Draw& draw, auto& random) {
    // Magnitudes so far apart that another order of additions gives other bits.
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> exponent(-12, 12);
    std::vector<float> leaves(static_cast<std::size_t>(draw.shards));
    for (float& leaf : leaves) leaf = std::ldexp(normal(random), exponent(random));
    const auto sum_of = [&](Range node) {
      std::vector<PartialSum> parts;
      for (Index leaf = node.begin; leaf < node.end; ++leaf)
        parts.push_back({{leaf, leaf + 1}, &leaves[static_cast<std::size_t>(leaf)]});
      float sum = 0;
      tree_sum(node, parts, &sum, 1);
      return sum;
    };
    const ShardPlan plan(draw.samples, draw.shards, draw.micro_batch);
    std::vector<Range> nodes;
    for (Index rank = 0; rank < draw.ranks; ++rank) {
      const Range shards = plan.shards_of_rank(rank, draw.ranks);
      Index next = shards.begin;
      for (const Range node : maximal_nodes(shards, draw.shards)) {
        ASSERT_EQ(node.begin, next);
        next = node.end;
        nodes.push_back(node);
      }
      ASSERT_EQ(next, shards.end);
    }
    std::vector<float> sums;
    for (const Range node : nodes) sums.push_back(sum_of(node));
    std::vector<PartialSum> parts;
    for (std::size_t i = 0; i < nodes.size(); ++i) parts.push_back({nodes[i], &sums[i]});
    float over_ranks = 0;
    tree_sum({0, draw.shards}, parts, &over_ranks, 1);
    ASSERT_EQ(over_ranks, sum_of({0, draw.shards}));
  });
}

}  // namespace
}  // namespace hourglass
