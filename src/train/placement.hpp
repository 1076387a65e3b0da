#pragma once

#include <string>
#include <vector>

#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Where a rank may run.
struct RankPlacement {
  std::string host;
  std::vector<int> cpus;  ///< its affinity mask
  Index threads = 1;      ///< workers
};

/// This process's.
[[nodiscard]] RankPlacement placement_here(Index threads);

/// Advice, one line each, when workers must share cores: a rank bound to fewer cores than it has
/// workers, ranks bound to the same cores while others are free, or more workers on a node than
/// cores. Names the fix. At most one line of a kind.
[[nodiscard]] std::vector<std::string> placement_advice(const std::vector<RankPlacement>& ranks);

/// The placements of all ranks, on every rank. Collective.
[[nodiscard]] std::vector<RankPlacement> gather_placements(const Communicator& communicator,
                                                           const RankPlacement& mine);

}  // namespace hourglass
