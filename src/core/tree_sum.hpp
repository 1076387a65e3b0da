#pragma once

#include <span>
#include <vector>

#include "core/wire_format.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

// The fixed binary tree over leaves 0..leaves-1 along which the gradients of micro-batches are
// added, independent of the number of ranks.
//
// A node is a range of leaves. The root is [0, leaves). A node of n > 1 leaves splits after the
// largest power of two below n: [b, b + bit_floor(n - 1)) and the rest. So a node begins at a
// multiple of its width's power of two, and the tree depends on the number of leaves alone. The sum
// of a node is the single-precision sum of its two children.
//
// Ranks cut the tree in different places, so with a wire of fewer bits (core/wire_format.hpp) EVERY
// addition of the tree rounds its two operands first, also within a rank:
//   node = round(left) + round(right)
// The result is then independent of which nodes cross the wire, and encoding loses nothing more.
// The root is not rounded. Each summand is rounded once per level, so with h = ceil(log2 leaves)
//   bf16: |error| <= ((1 + 2^-8)^h - 1) * sum over the leaves of |gradient|
//   int8: |error| <= ((1 + 1 / 252)^h - 1) * sum over the leaves of the cell's largest |gradient|

/// First leaf of the right child of `node` (node.size() >= 2).
[[nodiscard]] Index tree_split(Range node);

/// The largest nodes of the tree over `leaves` leaves that lie inside `range`, from left to right:
/// the sums that the owner of `range` can finish alone. At most 2 log2(leaves) of them.
[[nodiscard]] std::vector<Range> maximal_nodes(Range range, Index leaves);

/// A finished sum: `data` points at the element range in question of the node's sum.
struct PartialSum {
  Range node;
  const float* data = nullptr;
};

/// destination[i] = sum over `parts` in tree order, for i in [0, size). `parts` are nodes of the
/// tree, sorted, disjoint and together exactly `node` (a node of the tree itself). `destination`
/// may be the data of one of the parts. Reads every part once and writes once: blocks of the ranges
/// are summed while they are in the first-level cache. With Wire::int8 the data begin at a cell of
/// the arena and `size` counts whole cells.
void tree_sum(Range node, std::span<const PartialSum> parts, float* destination, Index size,
              Wire wire = Wire::fp32);

}  // namespace hourglass
