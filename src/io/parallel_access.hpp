#pragma once

#include "hdf5_handle.hpp"
#include "hourglass/dist/communicator.hpp"

namespace hourglass::hdf5 {

/// File access through MPI-IO for these ranks; the POSIX driver for a single one.
[[nodiscard]] Handle shared_file_access(const Communicator& communicator);
/// Transfer properties to go with it: collective.
[[nodiscard]] Handle shared_transfer(const Communicator& communicator);

}  // namespace hourglass::hdf5
