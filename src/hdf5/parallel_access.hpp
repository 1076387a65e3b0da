#pragma once

#include "hdf5/hdf5_handle.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass::hdf5 {

/// Opens an existing file for writing by several ranks through MPI-IO. Collective. Throws
/// Error(io).
///
/// Rows are then written with independent transfers (the default): each rank's rows lie together in
/// the file, so collective buffering would only move them once more, and Open MPI's collective
/// write leaves the other ranks waiting when one of them fails.
[[nodiscard]] Handle open_shared(const std::string& path, const std::string& name,
                                 const Communicator& communicator);

}  // namespace hourglass::hdf5
