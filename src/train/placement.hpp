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
  Index online = 0;       ///< hardware threads of the host; 0: not known
  bool yields = false;    ///< MPI's waiting calls give the core up: sharing cores is intended
};

/// Whether Open MPI was told to give the core up while it waits (--mca mpi_yield_when_idle 1).
[[nodiscard]] bool yields_when_idle();

/// This process's.
[[nodiscard]] RankPlacement placement_here(Index threads);

/// Advice, one line each, when workers must share cores: a rank bound to fewer cores than it has
/// workers, ranks bound to the same cores while others are free, or more workers on a node than
/// cores. Names a fix that works on that node. At most one line of a kind. None when ranks yield.
[[nodiscard]] std::vector<std::string> placement_advice(const std::vector<RankPlacement>& ranks);

/// The placements of all ranks, on every rank. Collective.
[[nodiscard]] std::vector<RankPlacement> gather_placements(const Communicator& communicator,
                                                           const RankPlacement& mine);

}  // namespace hourglass
