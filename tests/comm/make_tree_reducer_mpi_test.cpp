#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "comm/leaf_gradients.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

// By the definition of the 16-bit wire: every addition rounds what it adds.
float rounded_sum(Index step, Range node, Index position) {
  if (node.size() == 1) return leaf_gradient(step, node.begin, position);
  const Index middle = tree_split(node);
  return rounded_to_bfloat16(rounded_sum(step, {node.begin, middle}, position)) +
         rounded_to_bfloat16(rounded_sum(step, {middle, node.end}, position));
}

// A step whose "optimizer" adds the gradient, rounded, to the parameters.
void expect_same_on_any_number_of_ranks(Index leaves, Index floats, Index bucket_bytes) {
  const Communicator world = Communicator::world();
  Buffer<float> sum(floats);
  Buffer<float> parameters(floats);
  std::vector<float> expected(static_cast<std::size_t>(floats), 0.5F);
  std::ranges::fill(parameters.span(), 0.5F);
  const auto reducer =
      make_tree_reducer(world, {leaves, bucket_bytes, sum.span(), parameters.span(), Wire::bf16});
  const auto nodes = maximal_nodes(even_part(leaves, world.size(), world.rank()), leaves);
  std::vector<Buffer<float>> sums;
  for (std::size_t n = 0; n < nodes.size(); ++n) sums.emplace_back(floats);
  const auto count = static_cast<Index>(reducer->buckets().size());
  for (Index step = 0; step < 3; ++step) {
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      for (Index i = 0; i < floats; ++i) sums[n][i] = rounded_sum(step, nodes[n], i);
    }
    for (Index b = 0; b < count; ++b) {
      std::vector<BucketPart> parts;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        parts.push_back(
            {nodes[n], sums[n].data() + reducer->buckets()[static_cast<std::size_t>(b)].begin});
      }
      reducer->start_reduce(b, parts);
    }
    for (Index b = 0; b < count; ++b) {
      reducer->wait_reduce(b);
      for (Index i = reducer->owned(b).begin; i < reducer->owned(b).end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        reducer->increments()[at] = to_bfloat16(sum[i]);
        parameters[i] += to_float(reducer->increments()[at]);
      }
      reducer->start_gather(b);
    }
    reducer->finish();
    Index wrong = 0;
    for (Index i = 0; i < floats; ++i) {
      float& value = expected[static_cast<std::size_t>(i)];
      value += rounded_to_bfloat16(rounded_sum(step, {0, leaves}, i));
      if (std::bit_cast<std::uint32_t>(parameters[i]) != std::bit_cast<std::uint32_t>(value))
        ++wrong;
    }
    EXPECT_EQ(wrong, 0) << "wrong floats in step " << step << " with " << leaves << " leaves";
  }
}

TEST(Wire, sums_do_not_depend_on_where_ranks_cut_the_tree) {
  for (const Index leaves : {4, 5, 7, 8, 16})
    expect_same_on_any_number_of_ranks(leaves, 7 * 64, 640);
}

TEST(Wire, one_bucket_and_fewer_cells_than_ranks) {
  expect_same_on_any_number_of_ranks(4, 2 * 64, 1 << 20);
}

TEST(Wire, a_tree_sum_from_any_parts_has_the_same_bits) {
  constexpr Index floats = 64;
  const Range root{0, 7};
  for (Index cut = 0; cut <= root.end; ++cut) {
    std::vector<Range> nodes = maximal_nodes({0, cut}, root.end);
    for (const Range node : maximal_nodes({cut, root.end}, root.end)) nodes.push_back(node);
    std::vector<Buffer<float>> sums;
    std::vector<PartialSum> parts;
    for (const Range node : nodes) {
      sums.emplace_back(floats);
      for (Index i = 0; i < floats; ++i) sums.back()[i] = rounded_sum(0, node, i);
      parts.push_back({node, sums.back().data()});
    }
    Buffer<float> total(floats);
    tree_sum(root, parts, total.data(), floats, Wire::bf16);
    for (Index i = 0; i < floats; ++i) EXPECT_EQ(total[i], rounded_sum(0, root, i));
  }
}

}  // namespace
}  // namespace hourglass
