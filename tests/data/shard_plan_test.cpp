#include "data/shard_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::string message_of(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// Every promise of the plan, checked by counting.
void check(const ShardPlan& plan) {
  Index next_row = 0;
  Index smallest = plan.samples();
  Index largest = 0;
  std::vector<Index> taken(static_cast<std::size_t>(plan.steps_per_epoch()), 0);
  for (Index shard = 0; shard < plan.shards(); ++shard) {
    const Range rows = plan.shard_rows(shard);
    ASSERT_EQ(rows.begin, next_row);
    next_row = rows.end;
    smallest = std::min(smallest, rows.size());
    largest = std::max(largest, rows.size());
    Index next_position = 0;
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      const Range positions = plan.positions(shard, step);
      ASSERT_EQ(positions.begin, next_position);
      ASSERT_LE(positions.size(), plan.micro_batch());
      ASSERT_GE(positions.size(), 0);
      // Only a shard's last micro-batch is short.
      if (positions.size() < plan.micro_batch()) {
        ASSERT_EQ(positions.end, rows.size());
      }
      next_position = positions.end;
      taken[static_cast<std::size_t>(step)] += positions.size();
    }
    ASSERT_EQ(next_position, rows.size());
    ASSERT_TRUE(plan.positions(shard, plan.steps_per_epoch()).empty());
  }
  ASSERT_EQ(next_row, plan.samples());
  ASSERT_LE(largest - smallest, 1);
  Index total = 0;
  for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
    ASSERT_EQ(plan.samples_in_step(step), taken[static_cast<std::size_t>(step)]);
    ASSERT_GT(plan.samples_in_step(step), 0) << "a step without samples";
    total += plan.samples_in_step(step);
  }
  ASSERT_EQ(total, plan.samples());
  ASSERT_EQ(plan.samples_in_step(plan.steps_per_epoch()), 0);
}

TEST(ShardPlan, every_row_is_taken_once_an_epoch) {
  std::mt19937_64 random(7);
  const auto draw = [&](Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(random);
  };
  for (int i = 0; i < 5000; ++i) {
    const ShardPlan plan(draw(1, 400), draw(1, 20), draw(1, 40));
    check(plan);
    if (HasFatalFailure())
      FAIL() << plan.samples() << " " << plan.shards() << " " << plan.micro_batch();
  }
}

TEST(ShardPlan, fewer_samples_than_shards_leave_shards_empty) {
  const ShardPlan plan(3, 7, 4);
  check(plan);
  EXPECT_EQ(plan.steps_per_epoch(), 1);
  EXPECT_EQ(plan.samples_in_step(0), 3);
}

TEST(ShardPlan, ranks_tile_shards_and_rows) {
  for (Index shards = 1; shards <= 20; ++shards) {
    const ShardPlan plan(103, shards, 5);
    for (Index ranks = 1; ranks <= shards; ++ranks) {
      Index next_shard = 0;
      Index next_row = 0;
      for (Index rank = 0; rank < ranks; ++rank) {
        const Range mine = plan.shards_of_rank(rank, ranks);
        const Range rows = plan.rows_of_rank(rank, ranks);
        ASSERT_EQ(mine.begin, next_shard);
        ASSERT_GE(mine.size(), 1);
        ASSERT_LE(mine.size(), shards / ranks + 1);
        ASSERT_EQ(rows.begin, next_row);
        ASSERT_EQ(rows.end, plan.shard_rows(mine.end - 1).end);
        next_shard = mine.end;
        next_row = rows.end;
      }
      ASSERT_EQ(next_shard, shards);
      ASSERT_EQ(next_row, 103);
    }
  }
}

TEST(ShardPlan, groups_divide_shards_and_ranks) {
  const Index shards = 24;
  for (const Index groups : {1, 2, 3, 4, 8, 24}) {
    const ShardPlan plan(103, shards, 2, groups);
    // The same shards and steps as without groups, in parts.
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      Index samples = 0;
      for (Index g = 0; g < groups; ++g) {
        const ShardPlan group = plan.group(g);
        ASSERT_EQ(group.steps_per_epoch(), plan.steps_per_epoch());
        ASSERT_EQ(group.first_shard(), g * shards / groups);
        Index own = 0;
        for (Index shard = 0; shard < group.shards(); ++shard) {
          const Range positions = group.positions(shard, step);
          ASSERT_EQ(positions, plan.positions(group.first_shard() + shard, step));
          own += positions.size();
        }
        ASSERT_EQ(group.samples_in_step(step), own);
        ASSERT_EQ(own > 0, step < group.steps_with_samples());
        samples += own;
      }
      ASSERT_EQ(samples, plan.samples_in_step(step));
    }
    // Ranks tile the shards; each has whole groups, or its part of one.
    for (Index ranks = 1; ranks <= shards; ++ranks) {
      Index next_shard = 0;
      for (Index rank = 0; rank < ranks; ++rank) {
        const Range own = plan.groups_of_rank(rank, ranks);
        const Range mine = plan.shards_of_rank(rank, ranks);
        ASSERT_EQ(mine.begin, next_shard);
        ASSERT_GE(mine.size(), 1);
        next_shard = mine.end;
        ASSERT_GE(own.size(), 1);
        ASSERT_TRUE(own.size() == 1 || ranks < groups);
        ASSERT_LE(own.begin * shards / groups, mine.begin);
        ASSERT_LE(mine.end, own.end * shards / groups);
        for (Index g = own.begin; g < own.end; ++g) {
          const Range sharing = plan.ranks_of_group(g, ranks);
          ASSERT_LE(sharing.begin, rank);
          ASSERT_LT(rank, sharing.end);
          const Range part = plan.group(g).shards_of_rank(rank - sharing.begin, sharing.size());
          if (own.size() == 1) {
            ASSERT_EQ(part.begin + g * shards / groups, mine.begin);
            ASSERT_EQ(part.size(), mine.size());
          }
        }
      }
      ASSERT_EQ(next_shard, shards);
    }
  }
}

TEST(ShardPlan, huge_data_sets_do_not_overflow) {
  const Index samples = Index{4'000'000'000'000'000};
  const ShardPlan plan(samples, 4096, 128);
  EXPECT_EQ(plan.shard_rows(4095).end, samples);
  EXPECT_EQ(plan.samples_in_step(0), 4096 * 128);
  EXPECT_EQ(plan.samples_in_step(plan.steps_per_epoch()), 0);
  EXPECT_EQ(ShardPlan(10, 1, Index{1} << 62).samples_in_step(0), 10);
  EXPECT_TRUE(plan.positions(0, Index{1} << 61).empty());
}

TEST(ShardPlan, lists_the_sizes_of_micro_batches) {
  for (Index samples = 1; samples < 60; ++samples) {
    for (const Index shards : {1, 3, 4}) {
      const ShardPlan plan(samples, shards, 5);
      std::set<Index> sizes;
      for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
        for (Index shard = 0; shard < shards; ++shard) {
          const Index size = plan.positions(shard, step).size();
          if (size > 0) sizes.insert(size);
        }
      }
      EXPECT_EQ(plan.micro_batch_sizes(), sizes) << samples << " in " << shards;
    }
  }
}

TEST(ShardPlan, more_ranks_than_shards_is_refused_with_advice) {
  const ShardPlan plan(100, 3, 10);
  EXPECT_EQ(message_of([&] { (void)plan.shards_of_rank(0, 4); }, ErrorKind::usage),
            "3 shards cannot feed 4 ranks: use at most 3 ranks, a larger --batch or a smaller "
            "--micro-batch");
  EXPECT_EQ(message_of([&] { (void)ShardPlan(9, 1, 3).rows_of_rank(1, 2); }, ErrorKind::usage),
            "1 shard cannot feed 2 ranks: use at most 1 rank, a larger --batch or a smaller "
            "--micro-batch");
}

TEST(ShardPlan, impossible_sizes_are_refused) {
  message_of([] { ShardPlan(10, 2, 0); }, ErrorKind::usage);
  message_of([] { ShardPlan(10, 0, 2); }, ErrorKind::usage);
  message_of([] { ShardPlan(0, 2, 2); }, ErrorKind::data);
}

}  // namespace
}  // namespace hourglass
