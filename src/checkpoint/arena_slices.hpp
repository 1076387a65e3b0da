#pragma once

#include <vector>

#include "checkpoint/state_file.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// A run of one tensor's values that this rank writes.
struct TensorSlice {
  std::size_t tensor = 0;  ///< position in the arena's list
  Index begin = 0;         ///< first value within the tensor, a multiple of 64
  Index size = 0;          ///< values
  const float* values = nullptr;
};

/// The values of `arena` that part `part` of `parts` writes: what its ranges hold of each tensor,
/// without the padding. With parts > 1 the ranges are the same everywhere and each part takes an
/// even share of their cells.
[[nodiscard]] std::vector<TensorSlice> slice_arena(const StoredArena& arena, Index parts,
                                                   Index part);

/// Whether every rank has the same, not empty ranges of this arena. Collective.
[[nodiscard]] bool is_replicated(const Communicator& communicator, const StoredArena& arena);

}  // namespace hourglass
