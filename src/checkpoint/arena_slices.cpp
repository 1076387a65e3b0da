#include "checkpoint/arena_slices.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// A range's share in whole cells: hashes are made of whole cells.
Range share_of(const Range& range, Index parts, Index part) {
  const Range cells = even_part((range.size() + cell_floats - 1) / cell_floats, parts, part);
  return {std::min(range.begin + cells.begin * cell_floats, range.end),
          std::min(range.begin + cells.end * cell_floats, range.end)};
}

}  // namespace

std::vector<TensorSlice> slice_arena(const StoredArena& arena, Index parts, Index part) {
  require(arena.ranges.size() == arena.values.size(),
          "an arena to be stored with ranges but no values");
  std::vector<TensorSlice> slices;
  for (std::size_t r = 0; r < arena.ranges.size(); ++r) {
    const Range share = share_of(arena.ranges[r], parts, part);
    for (std::size_t t = 0; t < arena.tensors.size(); ++t) {
      const StoredTensor& tensor = arena.tensors[t];
      const Index begin = std::max(share.begin, tensor.offset);
      const Index end = std::min(share.end, tensor.offset + tensor.size);
      if (begin >= end) continue;
      slices.push_back({t, begin - tensor.offset, end - begin,
                        arena.values[r] + (begin - arena.ranges[r].begin)});
    }
  }
  return slices;
}

bool is_replicated(const Communicator& communicator, const StoredArena& arena) {
  // A polynomial hash of the ranges: equal everywhere only when the ranges are (they would be
  // disjoint otherwise).
  std::uint64_t hash = 0;
  Index owned = 0;
  for (const Range& range : arena.ranges) {
    owned += range.size();
    hash = (hash * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(range.begin)) *
               0x9e3779b97f4a7c15ULL +
           static_cast<std::uint64_t>(range.end);
  }
  const auto key = static_cast<Index>(hash >> 1);
  const bool same = communicator.max(key) == communicator.min(key);
  return communicator.min(owned) > 0 && same;
}

}  // namespace hourglass
