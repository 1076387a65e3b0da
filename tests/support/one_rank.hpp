#pragma once

#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Communicator::self() for unit tests. The first call starts MPI, which most unit tests do
/// without; MPI ends with the process.
Communicator one_rank();

}  // namespace hourglass
