#include "core/tree_sum.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Floats summed at a time: the partial results of every open level of the tree stay in the
// first-level cache.
constexpr Index block_floats = 1024;

void collect_maximal(Range node, Range range, std::vector<Range>& nodes) {
  if (node.end <= range.begin || node.begin >= range.end) return;
  if (node.begin >= range.begin && node.end <= range.end) {
    nodes.push_back(node);
    return;
  }
  const Index middle = tree_split(node);
  collect_maximal({node.begin, middle}, range, nodes);
  collect_maximal({middle, node.end}, range, nodes);
}

// The number of parts that lie in the left child; the others follow.
std::size_t count_left(std::span<const PartialSum> parts, Index middle) {
  const auto first_right = std::ranges::partition_point(
      parts, [&](const PartialSum& part) { return part.node.begin < middle; });
  return static_cast<std::size_t>(first_right - parts.begin());
}

// The sum of `node` for the elements [offset, offset + size): a part's own memory when it is a
// part, else `block`.
const float* sum_block(Range node, std::span<const PartialSum> parts, Index offset, Index size,
                       float* block, Wire wire) {
  if (parts.size() == 1) {
    require(parts.front().node == node, "the parts of a tree sum are not nodes of its tree");
    return parts.front().data + offset;
  }
  require(parts.size() >= 2 && node.size() >= 2, "the parts of a tree sum do not make up its node");
  const Index middle = tree_split(node);
  const std::size_t left_count = count_left(parts, middle);
  // Uninitialised on purpose: it is written before it is read, and only one such block is opened
  // per level of the tree.
  alignas(64) float right_block[block_floats];
  const float* left =
      sum_block({node.begin, middle}, parts.first(left_count), offset, size, block, wire);
  const float* right =
      sum_block({middle, node.end}, parts.subspan(left_count), offset, size, right_block, wire);
  add_rounded(wire, left, right, size, block);
  return block;
}

}  // namespace

Index tree_split(Range node) {
  const auto below = static_cast<std::uint64_t>(node.size() - 1);
  return node.begin + static_cast<Index>(std::bit_floor(below));
}

std::vector<Range> maximal_nodes(Range range, Index leaves) {
  std::vector<Range> nodes;
  if (!range.empty() && leaves > 0) collect_maximal({0, leaves}, range, nodes);
  return nodes;
}

void tree_sum(Range node, std::span<const PartialSum> parts, float* destination, Index size,
              Wire wire) {
  if (parts.size() == 1) {
    require(parts.front().node == node, "the parts of a tree sum are not nodes of its tree");
    if (parts.front().data != destination && size > 0) {
      std::memcpy(destination, parts.front().data, static_cast<std::size_t>(size) * sizeof(float));
    }
    return;
  }
  require(parts.size() >= 2 && node.size() >= 2, "the parts of a tree sum do not make up its node");
  const Index middle = tree_split(node);
  const std::size_t left_count = count_left(parts, middle);
  const auto left_parts = parts.first(left_count);
  const auto right_parts = parts.subspan(left_count);
  // Two separate blocks, not the destination, which may be a part that is still to be read.
  alignas(64) float left_block[block_floats];
  alignas(64) float right_block[block_floats];
  for (Index offset = 0; offset < size; offset += block_floats) {
    const Index count = std::min(block_floats, size - offset);
    const float* left =
        sum_block({node.begin, middle}, left_parts, offset, count, left_block, wire);
    const float* right =
        sum_block({middle, node.end}, right_parts, offset, count, right_block, wire);
    add_rounded(wire, left, right, count, destination + offset);
  }
}

}  // namespace hourglass
