#include "engine/gradient_plan.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "core/tree_sum.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

constexpr Index most_leaves = 33;

// The tree below a node as text: "((0+1)+2)".
std::string tree_text(Range node) {
  if (node.size() == 1) return std::to_string(node.begin);
  const Index middle = tree_split(node);
  return "(" + tree_text({node.begin, middle}) + "+" + tree_text({middle, node.end}) + ")";
}

struct TextTerm {
  Range node;
  std::string text;
};

// What tree_sum() computes, as text; empty when the terms are not nodes that make up `node`.
std::string sum_text(Range node, std::span<const TextTerm> terms) {
  if (terms.size() == 1 && terms.front().node == node) return terms.front().text;
  if (terms.size() < 2 || node.size() < 2) return "";
  const Index middle = tree_split(node);
  std::size_t left = 0;
  while (left < terms.size() && terms[left].node.begin < middle) ++left;
  if (left == 0 || left == terms.size()) return "";
  const std::string first = sum_text({node.begin, middle}, terms.first(left));
  const std::string second = sum_text({middle, node.end}, terms.subspan(left));
  return first.empty() || second.empty() ? "" : "(" + first + "+" + second + ")";
}

// The buffers of a worker after its last leaf. A leaf overwrites its buffer, so a buffer that is
// reused too early loses a leaf.
std::vector<std::string> run_worker(const GradientPlan::Worker& worker) {
  std::vector<std::string> buffers(static_cast<std::size_t>(worker.buffers));
  EXPECT_EQ(static_cast<Index>(worker.merges.size()), worker.leaves.size());
  for (std::size_t i = 0; i < worker.merges.size(); ++i) {
    const GradientPlan::Merge& merge = worker.merges[i];
    const Index leaf = worker.leaves.begin + static_cast<Index>(i);
    EXPECT_EQ(merge.terms.back().node, (Range{leaf, leaf + 1}));
    buffers.at(static_cast<std::size_t>(merge.leaf_buffer())) = std::to_string(leaf);
    std::vector<TextTerm> terms;
    for (const auto& term : merge.terms)
      terms.push_back({term.node, buffers.at(static_cast<std::size_t>(term.buffer))});
    buffers.at(static_cast<std::size_t>(merge.terms.front().buffer)) = sum_text(merge.node, terms);
  }
  return buffers;
}

// The sums that a rank hands to the exchange.
std::vector<TextTerm> run_rank(const GradientPlan& plan) {
  std::vector<std::vector<std::string>> buffers;
  for (const auto& worker : plan.workers()) buffers.push_back(run_worker(worker));
  std::vector<TextTerm> sums;
  for (const auto& rank_node : plan.rank_nodes()) {
    std::vector<TextTerm> terms;
    for (const auto& [worker, term] : rank_node.terms) {
      terms.push_back(
          {term.node,
           buffers.at(static_cast<std::size_t>(worker)).at(static_cast<std::size_t>(term.buffer))});
    }
    sums.push_back({rank_node.node, sum_text(rank_node.node, terms)});
  }
  return sums;
}

template <class Check>
void for_each_plan(const Check& check) {
  for (Index leaves = 1; leaves <= most_leaves; ++leaves) {
    for (Index ranks = 1; ranks <= std::min<Index>(8, leaves); ++ranks) {
      for (Index workers = 1; workers <= 4; ++workers) {
        SCOPED_TRACE(std::to_string(leaves) + " leaves, " + std::to_string(ranks) + " ranks, " +
                     std::to_string(workers) + " workers");
        check(leaves, ranks, workers);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(GradientPlan, ranks_and_workers_build_the_one_tree) {
  for_each_plan([](Index leaves, Index ranks, Index workers) {
    std::vector<TextTerm> sums;
    for (Index rank = 0; rank < ranks; ++rank) {
      const Range own = even_part(leaves, ranks, rank);
      const GradientPlan plan(leaves, own, workers);
      std::vector<Range> nodes;
      for (const TextTerm& sum : run_rank(plan)) {
        nodes.push_back(sum.node);
        sums.push_back(sum);
        EXPECT_EQ(sum.text, tree_text(sum.node));
      }
      EXPECT_EQ(nodes, maximal_nodes(own, leaves)) << "what the exchange expects of rank " << rank;
    }
    // Every leaf once, in the shape of the tree.
    EXPECT_EQ(sum_text({0, leaves}, sums), tree_text({0, leaves}));
  });
}

TEST(GradientPlan, workers_share_the_leaves_evenly) {
  for_each_plan([](Index leaves, Index ranks, Index workers) {
    const Range own = even_part(leaves, ranks, ranks - 1);
    const GradientPlan plan(leaves, own, workers);
    ASSERT_EQ(static_cast<Index>(plan.workers().size()), std::min(workers, own.size()));
    Index begin = own.begin;
    for (const auto& worker : plan.workers()) {
      EXPECT_EQ(worker.leaves.begin, begin);
      EXPECT_GE(worker.leaves.size(), own.size() / static_cast<Index>(plan.workers().size()));
      begin = worker.leaves.end;
    }
    EXPECT_EQ(begin, own.end);
  });
}

TEST(GradientPlan, buffers_grow_with_the_logarithm_of_the_leaves) {
  for_each_plan([](Index leaves, Index ranks, Index workers) {
    const Index depth = std::bit_width(static_cast<std::uint64_t>(leaves - 1));
    for (Index rank = 0; rank < ranks; ++rank) {
      const GradientPlan plan(leaves, even_part(leaves, ranks, rank), workers);
      std::size_t most = 0;
      for (const auto& worker : plan.workers()) {
        EXPECT_LE(worker.buffers, 2 * depth + 1);
        for (const auto& merge : worker.merges) most = std::max(most, merge.terms.size());
      }
      for (const auto& node : plan.rank_nodes()) most = std::max(most, node.terms.size());
      EXPECT_EQ(plan.most_terms(), most);
    }
  });
  // One worker over all leaves of a complete tree: one buffer per level and one for the leaf.
  const GradientPlan whole(1 << 16, {0, 1 << 16}, 1);
  EXPECT_EQ(whole.workers().front().buffers, 17);
  EXPECT_EQ(whole.rank_nodes().size(), 1U);
}

TEST(GradientPlan, needs_leaves_and_workers) {
  using io_test::expect_error;
  expect_error(ErrorKind::bug, "without leaves", [] { const GradientPlan plan(4, {2, 2}, 1); });
  expect_error(ErrorKind::bug, "without leaves", [] { const GradientPlan plan(4, {2, 5}, 1); });
  expect_error(ErrorKind::bug, "without leaves", [] { const GradientPlan plan(4, {0, 4}, 0); });
}

TEST(GradientPlan, kept_leaves_are_handed_over_one_by_one) {
  for (Index workers = 1; workers <= 4; ++workers) {
    const GradientPlan plan(9, {2, 7}, workers, true);
    ASSERT_EQ(plan.rank_nodes().size(), 5U);
    for (Index i = 0; i < 5; ++i) {
      const GradientPlan::RankNode& node = plan.rank_nodes()[static_cast<std::size_t>(i)];
      EXPECT_EQ(node.node, (Range{2 + i, 3 + i}));
      EXPECT_EQ(node.terms.size(), 1U);
    }
    for (const GradientPlan::Worker& worker : plan.workers()) {
      const std::vector<std::string> buffers = run_worker(worker);
      ASSERT_EQ(static_cast<Index>(buffers.size()), worker.leaves.size());
      for (Index i = 0; i < worker.leaves.size(); ++i)
        EXPECT_EQ(buffers[static_cast<std::size_t>(i)], std::to_string(worker.leaves.begin + i));
    }
  }
}

}  // namespace
}  // namespace hourglass
