#pragma once

#include <span>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The ranges of an arena that each rank of a communicator owns, known to all ranks. Made once, so
/// that Communicator::all_gather() neither allocates nor exchanges sizes.
class OwnedRanges {
 public:
  /// `own`: this rank's ranges; any number, in any order, empty ones included. Collective. Throws
  /// Error(bug) on every rank when ranges overlap.
  OwnedRanges(const Communicator& communicator, std::span<const Range> own);

  /// This rank's ranges, as given.
  [[nodiscard]] std::span<const Range> own() const { return own_; }
  /// The end of the last range of any rank: the least size of an arena.
  [[nodiscard]] Index end() const { return end_; }

  /// One MPI_Allgatherv: the n-th range of every rank, relative to float `base` of the arena.
  struct Round {
    Index base = 0;
    std::vector<int> counts;   ///< by rank
    std::vector<int> offsets;  ///< by rank
  };
  [[nodiscard]] std::span<const Round> rounds() const { return rounds_; }

 private:
  std::vector<Range> own_;
  std::vector<Round> rounds_;
  Index end_ = 0;
};

}  // namespace hourglass
