#pragma once

// The C interface alone: the C++ one, which Open MPI still declares by default, is another library to link.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include "hourglass/core/types.hpp"
#include "hourglass/dist/communicator.hpp"

namespace hourglass::detail {

/// Throws Error(bug) with MPI's own text when `code` is not MPI_SUCCESS; `call` names the MPI function.
void check_mpi(int code, const char* call);

/// `size` as MPI's int count. Throws Error(bug) when it does not fit.
[[nodiscard]] int mpi_count(Index size);

[[nodiscard]] inline MPI_Comm mpi_communicator(const Communicator& communicator) {
  return *static_cast<const MPI_Comm*>(communicator.handle());
}

}  // namespace hourglass::detail
