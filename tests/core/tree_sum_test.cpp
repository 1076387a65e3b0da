#include "core/tree_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

using Values = std::vector<float>;

// Numbers of magnitudes so far apart that any other order of addition gives other bits.
std::vector<Values> random_leaves(Index leaves, Index size, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> exponent(-12, 12);
  std::vector<Values> result(static_cast<std::size_t>(leaves),
                             Values(static_cast<std::size_t>(size)));
  for (auto& leaf : result) {
    for (float& value : leaf) value = std::ldexp(normal(random), exponent(random));
  }
  return result;
}

// The definition of the tree, as simply as possible.
Values naive_sum(Range node, const std::vector<Values>& leaves) {
  if (node.size() == 1) return leaves[static_cast<std::size_t>(node.begin)];
  Index left_size = 1;
  while (left_size * 2 < node.size()) left_size *= 2;
  Values left = naive_sum({node.begin, node.begin + left_size}, leaves);
  const Values right = naive_sum({node.begin + left_size, node.end}, leaves);
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += right[i];
  return left;
}

bool same_bits(const Values& a, const Values& b) {
  return std::ranges::equal(
      a, b, {}, [](float x) { return std::bit_cast<std::uint32_t>(x); },
      [](float x) { return std::bit_cast<std::uint32_t>(x); });
}

// Every node of the tree over `leaves`.
void all_nodes(Range node, std::vector<Range>& nodes) {
  nodes.push_back(node);
  if (node.size() == 1) return;
  const Index middle = tree_split(node);
  all_nodes({node.begin, middle}, nodes);
  all_nodes({middle, node.end}, nodes);
}

std::vector<PartialSum> leaf_parts(Range node, const std::vector<Values>& leaves) {
  std::vector<PartialSum> parts;
  for (Index leaf = node.begin; leaf < node.end; ++leaf) {
    parts.push_back({{leaf, leaf + 1}, leaves[static_cast<std::size_t>(leaf)].data()});
  }
  return parts;
}

// The sum by ranks that own the ranges between `cuts`: each completes its nodes, then all are
// added.
Values sum_over_ranks(Index leaf_count, const std::vector<Index>& cuts,
                      const std::vector<Values>& leaves) {
  const auto size = static_cast<Index>(leaves.front().size());
  std::vector<Range> nodes;
  for (std::size_t rank = 0; rank + 1 < cuts.size(); ++rank) {
    for (const Range node : maximal_nodes({cuts[rank], cuts[rank + 1]}, leaf_count))
      nodes.push_back(node);
  }
  std::vector<Values> sums(nodes.size(), Values(static_cast<std::size_t>(size)));
  std::vector<PartialSum> parts;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    tree_sum(nodes[i], leaf_parts(nodes[i], leaves), sums[i].data(), size);
    parts.push_back({nodes[i], sums[i].data()});
  }
  Values result(static_cast<std::size_t>(size));
  tree_sum({0, leaf_count}, parts, result.data(), size);
  return result;
}

TEST(TreeSplit, after_largest_power_of_two_below_size) {
  EXPECT_EQ(tree_split({0, 2}), 1);
  EXPECT_EQ(tree_split({0, 3}), 2);
  EXPECT_EQ(tree_split({0, 4}), 2);
  EXPECT_EQ(tree_split({0, 5}), 4);
  EXPECT_EQ(tree_split({0, 8}), 4);
  EXPECT_EQ(tree_split({8, 15}), 12);
  EXPECT_EQ(tree_split({0, (Index{1} << 40) + 1}), Index{1} << 40);
}

TEST(MaximalNodes, whole_tree_is_its_root) {
  for (Index leaves = 1; leaves <= 40; ++leaves) {
    EXPECT_EQ(maximal_nodes({0, leaves}, leaves), std::vector<Range>({{0, leaves}}));
  }
}

TEST(MaximalNodes, of_ranges_that_cut_across) {
  EXPECT_EQ(maximal_nodes({1, 8}, 8), std::vector<Range>({{1, 2}, {2, 4}, {4, 8}}));
  EXPECT_EQ(maximal_nodes({0, 7}, 8), std::vector<Range>({{0, 4}, {4, 6}, {6, 7}}));
  EXPECT_EQ(maximal_nodes({3, 5}, 8), std::vector<Range>({{3, 4}, {4, 5}}));
  EXPECT_EQ(maximal_nodes({4, 7}, 7), std::vector<Range>({{4, 7}}));
  EXPECT_TRUE(maximal_nodes({3, 3}, 8).empty());
  EXPECT_TRUE(maximal_nodes({0, 0}, 0).empty());
}

TEST(MaximalNodes, cover_the_range_by_few_nodes_none_of_which_can_grow) {
  for (Index leaves = 1; leaves <= 40; ++leaves) {
    std::vector<Range> tree;
    all_nodes({0, leaves}, tree);
    for (Index begin = 0; begin < leaves; ++begin) {
      for (Index end = begin + 1; end <= leaves; ++end) {
        const auto nodes = maximal_nodes({begin, end}, leaves);
        Index position = begin;
        for (const Range node : nodes) {
          ASSERT_EQ(node.begin, position);
          ASSERT_TRUE(std::ranges::count(tree, node) == 1);
          for (const Range larger : tree) {
            const bool contains =
                larger.begin <= node.begin && larger.end >= node.end && larger.size() > node.size();
            ASSERT_FALSE(contains && larger.begin >= begin && larger.end <= end);
          }
          position = node.end;
        }
        ASSERT_EQ(position, end);
        const auto height =
            static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(leaves - 1)));
        ASSERT_LE(nodes.size(), std::max<std::size_t>(1, 2 * height));
      }
    }
  }
}

TEST(TreeSum, equals_naive_recursion_at_every_length) {
  std::mt19937 random(1);
  for (const Index size : {0, 1, 15, 16, 17, 64, 1000, 1023, 1024, 1025, 2048, 3001}) {
    for (const Index leaves : {1, 2, 3, 7, 8, 13}) {
      const auto values = random_leaves(leaves, size, random);
      Values result(static_cast<std::size_t>(size), -1.0F);
      tree_sum({0, leaves}, leaf_parts({0, leaves}, values), result.data(), size);
      ASSERT_TRUE(same_bits(result, naive_sum({0, leaves}, values)))
          << leaves << " leaves of " << size;
    }
  }
}

TEST(TreeSum, order_matters_in_this_data) {
  std::mt19937 random(2);
  const auto leaves = random_leaves(8, 64, random);
  Values in_a_row = leaves[0];
  for (std::size_t leaf = 1; leaf < 8; ++leaf) {
    for (std::size_t i = 0; i < 64; ++i) in_a_row[i] += leaves[leaf][i];
  }
  EXPECT_FALSE(same_bits(in_a_row, naive_sum({0, 8}, leaves)));
}

TEST(TreeSum, same_bits_for_every_even_split_into_ranks) {
  std::mt19937 random(3);
  for (Index leaf_count = 1; leaf_count <= 40; ++leaf_count) {
    const auto leaves = random_leaves(leaf_count, 37, random);
    const Values expected = naive_sum({0, leaf_count}, leaves);
    for (Index ranks = 1; ranks <= leaf_count; ++ranks) {
      std::vector<Index> cuts = {0};
      for (Index rank = 0; rank < ranks; ++rank)
        cuts.push_back(even_part(leaf_count, ranks, rank).end);
      ASSERT_TRUE(same_bits(sum_over_ranks(leaf_count, cuts, leaves), expected))
          << leaf_count << " leaves, " << ranks;
    }
  }
}

TEST(TreeSum, same_bits_for_random_partitions) {
  std::mt19937 random(4);
  for (int trial = 0; trial < 400; ++trial) {
    const Index leaf_count = std::uniform_int_distribution<Index>(1, 200)(random);
    const auto leaves =
        random_leaves(leaf_count, std::uniform_int_distribution<Index>(1, 20)(random), random);
    // Repeated cuts stand for ranks that own nothing.
    std::vector<Index> cuts(std::uniform_int_distribution<std::size_t>(0, 12)(random));
    for (Index& cut : cuts) cut = std::uniform_int_distribution<Index>(0, leaf_count)(random);
    cuts.push_back(0);
    cuts.push_back(leaf_count);
    std::ranges::sort(cuts);
    ASSERT_TRUE(
        same_bits(sum_over_ranks(leaf_count, cuts, leaves), naive_sum({0, leaf_count}, leaves)));
  }
}

TEST(TreeSum, inner_nodes_of_any_depth) {
  std::mt19937 random(5);
  for (const Index leaf_count : {5, 8, 21, 32}) {
    const auto leaves = random_leaves(leaf_count, 70, random);
    std::vector<Range> nodes;
    all_nodes({0, leaf_count}, nodes);
    for (const Range node : nodes) {
      Values result(70);
      tree_sum(node, leaf_parts(node, leaves), result.data(), 70);
      ASSERT_TRUE(same_bits(result, naive_sum(node, leaves)));
    }
  }
}

TEST(TreeSum, destination_may_be_any_part) {
  std::mt19937 random(6);
  for (Index leaf_count = 1; leaf_count <= 9; ++leaf_count) {
    const auto leaves = random_leaves(leaf_count, 2500, random);
    const Values expected = naive_sum({0, leaf_count}, leaves);
    for (Index target = 0; target < leaf_count; ++target) {
      auto copies = leaves;
      float* destination = copies[static_cast<std::size_t>(target)].data();
      tree_sum({0, leaf_count}, leaf_parts({0, leaf_count}, copies), destination, 2500);
      ASSERT_TRUE(same_bits(copies[static_cast<std::size_t>(target)], expected));
      for (Index other = 0; other < leaf_count; ++other) {
        if (other == target) continue;
        ASSERT_TRUE(same_bits(copies[static_cast<std::size_t>(other)],
                              leaves[static_cast<std::size_t>(other)]));
      }
    }
  }
}

TEST(TreeSum, refuses_parts_that_are_not_the_node) {
  const Values ones(8, 1.0F);
  Values result(8);
  const auto sum = [&](Range node, const std::vector<Range>& nodes) {
    std::vector<PartialSum> parts;
    for (const Range part : nodes) parts.push_back({part, ones.data()});
    tree_sum(node, parts, result.data(), 8);
  };
  EXPECT_NO_THROW(sum({0, 4}, {{0, 2}, {2, 4}}));
  EXPECT_THROW(sum({0, 4}, {}), Error);
  EXPECT_THROW(sum({0, 4}, {{0, 2}}), Error);
  EXPECT_THROW(sum({0, 4}, {{0, 2}, {2, 3}}), Error);
  EXPECT_THROW(sum({0, 4}, {{0, 1}, {1, 3}, {3, 4}}), Error);
  EXPECT_THROW(sum({0, 4}, {{0, 2}, {0, 2}, {2, 4}}), Error);
}

}  // namespace
}  // namespace hourglass
