#pragma once

#include <mpi.h>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass::detail {

/// Throws Error(bug) with MPI's own text when `code` is not MPI_SUCCESS; `call` names the MPI
/// function.
void check_mpi(int code, const char* call);

/// `size` as MPI's int count. Throws Error(bug) when it does not fit.
[[nodiscard]] int mpi_count(Index size);

[[nodiscard]] inline MPI_Comm mpi_communicator(const Communicator& communicator) {
  return *static_cast<const MPI_Comm*>(communicator.handle());
}

}  // namespace hourglass::detail
