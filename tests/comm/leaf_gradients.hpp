#pragma once

#include <cstdint>
#include <cstring>

#include "core/tree_sum.hpp"

namespace hourglass {

/// The made-up gradient of a leaf in a step: a function of its place alone, of wildly different
/// magnitudes and both signs, so that adding in any other order gives other bits.
inline float leaf_gradient(Index step, Index leaf, Index position) {
  auto word = static_cast<std::uint64_t>((step * 1000003 + leaf) * 1000000007 + position) +
              0x9e3779b97f4a7c15ULL;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  word ^= word >> 31;
  const auto exponent = static_cast<std::uint32_t>(127 - 8 + (word >> 40) % 16);
  const auto bits = static_cast<std::uint32_t>(word) & 0x807fffffU;
  const std::uint32_t pattern = bits | (exponent << 23);
  float value = 0;
  std::memcpy(&value, &pattern, sizeof value);
  return value;
}

/// The sum over `node`, by the definition of the tree.
inline float reference_sum(Index step, Range node, Index position) {
  if (node.size() == 1) return leaf_gradient(step, node.begin, position);
  const Index middle = tree_split(node);
  return reference_sum(step, {node.begin, middle}, position) +
         reference_sum(step, {middle, node.end}, position);
}

}  // namespace hourglass
