#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "comm/leaf_gradients.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

using Values = std::vector<float>;

Values rounded(Wire wire, const Values& values) {
  const auto size = static_cast<Index>(values.size());
  std::vector<WireWord> words(static_cast<std::size_t>(wire_words(wire, size)));
  encode(wire, values.data(), size, words.data());
  Values result(values.size());
  decode(wire, words.data(), size, result.data());
  return result;
}

// By the definition of an encoded wire: every addition rounds what it adds.
Values rounded_sum(Wire wire, Index step, Range node, Index floats) {
  Values sum(static_cast<std::size_t>(floats));
  if (node.size() == 1) {
    for (Index i = 0; i < floats; ++i)
      sum[static_cast<std::size_t>(i)] = leaf_gradient(step, node.begin, i);
    return sum;
  }
  const Index middle = tree_split(node);
  const Values left = rounded(wire, rounded_sum(wire, step, {node.begin, middle}, floats));
  const Values right = rounded(wire, rounded_sum(wire, step, {middle, node.end}, floats));
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = left[i] + right[i];
  return sum;
}

// A step whose "optimizer" adds the gradient, rounded, to the parameters.
void expect_same_on_any_number_of_ranks(Wire wire, Index leaves, Index floats, Index bucket_bytes,
                                        int round_bits = ExchangePlan::standard_round_bits) {
  const Communicator world = Communicator::world();
  Buffer<float> sum(floats);
  Buffer<float> parameters(floats);
  std::vector<float> expected(static_cast<std::size_t>(floats), 0.5F);
  std::ranges::fill(parameters.span(), 0.5F);
  ReducerSettings settings{leaves, bucket_bytes, sum.span(), parameters.span(), wire};
  settings.round_bits = round_bits;
  const auto reducer = make_tree_reducer(world, settings);
  const auto nodes = maximal_nodes(even_part(leaves, world.size(), world.rank()), leaves);
  std::vector<Buffer<float>> sums;
  for (std::size_t n = 0; n < nodes.size(); ++n) sums.emplace_back(floats);
  const auto count = static_cast<Index>(reducer->buckets().size());
  for (Index step = 0; step < 3; ++step) {
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      std::ranges::copy(rounded_sum(wire, step, nodes[n], floats), sums[n].data());
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
      const Range owned = reducer->owned(b);
      WireWord* words = reducer->increments().data() + wire_words(wire, owned.begin);
      Values added(static_cast<std::size_t>(owned.size()));
      encode(wire, sum.data() + owned.begin, owned.size(), words);
      decode(wire, words, owned.size(), added.data());
      for (Index i = 0; i < owned.size(); ++i)
        parameters[owned.begin + i] += added[static_cast<std::size_t>(i)];
      reducer->start_gather(b);
    }
    reducer->finish();
    Index wrong = 0;
    const Values added = rounded(wire, rounded_sum(wire, step, {0, leaves}, floats));
    for (Index i = 0; i < floats; ++i) {
      float& value = expected[static_cast<std::size_t>(i)];
      value += added[static_cast<std::size_t>(i)];
      if (std::bit_cast<std::uint32_t>(parameters[i]) != std::bit_cast<std::uint32_t>(value))
        ++wrong;
    }
    EXPECT_EQ(wrong, 0) << "wrong floats in step " << step << " with " << leaves << " leaves";
  }
}

TEST(Wire, sums_do_not_depend_on_where_ranks_cut_the_tree) {
  for (const Wire wire : {Wire::bf16, Wire::int8}) {
    for (const Index leaves : {4, 5, 7, 8, 16})
      expect_same_on_any_number_of_ranks(wire, leaves, 7 * 64, 640);
  }
}

TEST(Wire, sums_do_not_depend_on_the_number_of_rounds) {
  for (const Wire wire : {Wire::bf16, Wire::int8})
    expect_same_on_any_number_of_ranks(wire, 16, 7 * 64, 640, 1);
}

TEST(Wire, one_bucket_and_fewer_cells_than_ranks) {
  for (const Wire wire : {Wire::bf16, Wire::int8})
    expect_same_on_any_number_of_ranks(wire, 4, 2 * 64, 1 << 20);
}

TEST(Wire, a_tree_sum_from_any_parts_has_the_same_bits) {
  constexpr Index floats = 2 * cell_floats;
  const Range root{0, 7};
  for (const Wire wire : {Wire::bf16, Wire::int8}) {
    const Values expected = rounded_sum(wire, 0, root, floats);
    for (Index cut = 0; cut <= root.end; ++cut) {
      std::vector<Range> nodes = maximal_nodes({0, cut}, root.end);
      for (const Range node : maximal_nodes({cut, root.end}, root.end)) nodes.push_back(node);
      std::vector<Values> sums;
      for (const Range node : nodes) sums.push_back(rounded_sum(wire, 0, node, floats));
      std::vector<PartialSum> parts;
      for (std::size_t n = 0; n < nodes.size(); ++n) parts.push_back({nodes[n], sums[n].data()});
      Values total(static_cast<std::size_t>(floats));
      tree_sum(root, parts, total.data(), floats, wire);
      EXPECT_EQ(total, expected);
    }
  }
}

}  // namespace
}  // namespace hourglass
