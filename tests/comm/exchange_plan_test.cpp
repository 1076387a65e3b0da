#include "comm/exchange_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/tree_sum.hpp"

namespace hourglass {
namespace {

std::vector<ExchangePlan> plans_of_all_ranks(Index leaves, int ranks) {
  std::vector<ExchangePlan> plans;
  for (int rank = 0; rank < ranks; ++rank) plans.emplace_back(leaves, ranks, rank);
  return plans;
}

using Collect = void (ExchangePlan::*)(Range, int, std::vector<Message>&) const;

// (sender, receiver) -> the ranges of the messages between them, in order.
using Traffic = std::map<std::pair<int, int>, std::vector<std::pair<Index, Index>>>;

Traffic traffic(const std::vector<ExchangePlan>& plans, Collect collect, Range bucket, int round,
                bool sending) {
  Traffic result;
  for (int rank = 0; rank < static_cast<int>(plans.size()); ++rank) {
    std::vector<Message> messages;
    (plans[static_cast<std::size_t>(rank)].*collect)(bucket, round, messages);
    for (const Message& message : messages) {
      EXPECT_FALSE(message.floats.empty());
      EXPECT_NE(message.peer, rank);
      const auto pair = sending ? std::pair(rank, message.peer) : std::pair(message.peer, rank);
      result[pair].emplace_back(message.floats.begin, message.floats.end);
    }
  }
  return result;
}

template <class Check>
void for_all_plans(Check check) {
  for (const int ranks : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 32}) {
    for (const Index leaves : {1, 2, 3, 4, 5, 7, 8, 12, 16, 32, 33, 48}) {
      const auto plans = plans_of_all_ranks(leaves, ranks);
      for (const Index cells : {1, 2, 3, 8, 21}) {
        SCOPED_TRACE(std::to_string(ranks) + " ranks, " + std::to_string(leaves) + " leaves, " +
                     std::to_string(cells) + " cells");
        check(plans, Range{640, 640 + cells * cell_floats});
      }
    }
  }
}

TEST(ExchangePlan, halves_where_ranks_are_a_complete_tree) {
  const auto halves = [](Index leaves, int ranks) {
    return ExchangePlan(leaves, ranks, 0).is_halving();
  };
  EXPECT_TRUE(halves(2, 2));
  EXPECT_TRUE(halves(16, 4));
  EXPECT_TRUE(halves(16, 16));
  EXPECT_TRUE(halves(1024, 64));
  EXPECT_FALSE(halves(8, 1));  // nothing to exchange
  EXPECT_FALSE(halves(6, 2));  // [0, 3) is two nodes
  EXPECT_FALSE(halves(12, 4));
  EXPECT_FALSE(halves(3, 2));
  EXPECT_FALSE(halves(96, 48));  // one node each, but 48 ranks
  EXPECT_FALSE(halves(2, 4));    // ranks without leaves
}

TEST(ExchangePlan, rounds_take_a_few_bits_of_the_rank_each) {
  const ExchangePlan plan(1024, 64, 43, 3);  // 43 = 101'011 in binary
  ASSERT_EQ(plan.rounds(), 2);
  EXPECT_EQ(plan.group_size(0), 8);
  EXPECT_EQ(plan.place_in_group(0), 3);
  EXPECT_EQ(plan.place_in_group(1), 5);
  EXPECT_EQ(plan.most_receives(), 7);
  EXPECT_EQ(plan.all_sends(), 14);
  EXPECT_EQ(ExchangePlan(1024, 64, 0, 1).rounds(), 6) << "recursive halving";
  EXPECT_EQ(ExchangePlan(1024, 64, 0, 6).rounds(), 1);
  EXPECT_EQ(ExchangePlan(1024, 1024, 0, 3).rounds(), 4);
  EXPECT_EQ(ExchangePlan(1024, 256, 0).rounds(), 2);
  EXPECT_EQ(ExchangePlan(1024, 16, 0).rounds(), 1);
}

TEST(ExchangePlan, owned_slices_tile_the_bucket) {
  for_all_plans([](const std::vector<ExchangePlan>& plans, Range bucket) {
    std::vector<std::pair<Index, Index>> slices;
    for (const ExchangePlan& plan : plans) {
      const Range owned = plan.owned(bucket);
      EXPECT_EQ(owned.begin % cell_floats, 0);
      EXPECT_LE(owned.size(),
                round_up(bucket.size() / static_cast<Index>(plans.size()) + 1, cell_floats));
      if (!owned.empty()) slices.emplace_back(owned.begin, owned.end);
    }
    std::ranges::sort(slices);
    Index end = bucket.begin;
    for (const auto& [begin, slice_end] : slices) {
      EXPECT_EQ(begin, end);
      end = slice_end;
    }
    EXPECT_EQ(end, bucket.end);
  });
}

TEST(ExchangePlan, nodes_are_the_maximal_nodes_of_the_ranks) {
  for_all_plans([](const std::vector<ExchangePlan>& plans, Range) {
    Index leaf = 0;
    for (const Range& node : plans.front().nodes()) {
      EXPECT_EQ(node.begin, leaf);
      leaf = node.end;
    }
    for (std::size_t rank = 0; rank < plans.size(); ++rank) {
      const auto expected = maximal_nodes(
          even_part(leaf, static_cast<Index>(plans.size()), static_cast<Index>(rank)), leaf);
      const Range own = plans[rank].own_nodes();
      ASSERT_EQ(own.size(), static_cast<Index>(expected.size()));
      EXPECT_TRUE(std::ranges::equal(
          plans[rank].nodes().subspan(static_cast<std::size_t>(own.begin), expected.size()),
          expected));
    }
  });
}

TEST(ExchangePlan, every_send_meets_its_receive) {
  for_all_plans([](const std::vector<ExchangePlan>& plans, Range bucket) {
    for (int round = 0; round < plans.front().rounds(); ++round) {
      EXPECT_EQ(traffic(plans, &ExchangePlan::reduce_sends, bucket, round, true),
                traffic(plans, &ExchangePlan::reduce_receives, bucket, round, false));
      EXPECT_EQ(traffic(plans, &ExchangePlan::gather_sends, bucket, round, true),
                traffic(plans, &ExchangePlan::gather_receives, bucket, round, false));
    }
  });
}

TEST(ExchangePlan, received_messages_do_not_overlap) {
  for_all_plans([](const std::vector<ExchangePlan>& plans, Range bucket) {
    for (const ExchangePlan& plan : plans) {
      std::vector<Message> messages;
      for (int round = 0; round < plan.rounds(); ++round)
        plan.reduce_receives(bucket, round, messages);
      std::ranges::sort(messages, {}, &Message::buffer_offset);
      Index end = 0;
      for (const Message& message : messages) {
        EXPECT_EQ(message.buffer_offset, end);
        end += message.floats.size();
      }
      EXPECT_EQ(end, plan.receive_floats(bucket));
    }
  });
}

// Each rank must hold what it sends, and end with everything.
TEST(ExchangePlan, gather_completes_the_bucket_everywhere) {
  for_all_plans([](const std::vector<ExchangePlan>& plans, Range bucket) {
    const auto ranks = plans.size();
    const auto cell_of = [&](Index position) {
      return static_cast<std::size_t>((position - bucket.begin) / cell_floats);
    };
    std::vector<std::vector<bool>> has(ranks, std::vector<bool>(cell_of(bucket.end), false));
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const Range owned = plans[rank].owned(bucket);
      for (std::size_t c = cell_of(owned.begin); c < cell_of(owned.end); ++c) has[rank][c] = true;
    }
    for (int round = 0; round < plans.front().rounds(); ++round) {
      const auto before = has;
      for (std::size_t rank = 0; rank < ranks; ++rank) {
        std::vector<Message> messages;
        plans[rank].gather_sends(bucket, round, messages);
        for (const Message& message : messages) {
          for (std::size_t c = cell_of(message.floats.begin); c < cell_of(message.floats.end);
               ++c) {
            EXPECT_TRUE(before[rank][c]) << "rank " << rank << " sends what it does not have";
            EXPECT_FALSE(before[static_cast<std::size_t>(message.peer)][c]) << "sent twice";
            has[static_cast<std::size_t>(message.peer)][c] = true;
          }
        }
      }
    }
    for (const auto& cells : has)
      EXPECT_TRUE(std::ranges::all_of(cells, [](bool there) { return there; }));
  });
}

}  // namespace
}  // namespace hourglass
