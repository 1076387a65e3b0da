#pragma once

#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The median time of an operation of one size; each time is that of the slowest rank.
struct NetworkFigure {
  Index bytes = 0;
  double seconds = 0;
};

/// Times of MPI operations from 1 KiB to `largest_bytes`, in steps of 4x. Collective, with the same
/// result on every rank.
///
/// In-place allreduce (sum) of single-precision numbers.
[[nodiscard]] std::vector<NetworkFigure> sweep_allreduce(const Communicator& communicator,
                                                         Index largest_bytes);
/// Half of a round trip between rank 0 and the last rank, which launchers place on another node
/// when there is one; starts with 4 bytes, whose time is the latency. Empty on a single rank.
[[nodiscard]] std::vector<NetworkFigure> sweep_point_to_point(const Communicator& communicator,
                                                              Index largest_bytes);
/// A whole exchange without overlapping computation: reduction and gather of `arena_floats` floats
/// by the tree over `leaves` leaves, or by MPI's allreduce.
[[nodiscard]] NetworkFigure measure_exchange(const Communicator& communicator, Index arena_floats,
                                             Index bucket_bytes, Index leaves, bool tree);

}  // namespace hourglass
