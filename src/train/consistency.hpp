#pragma once

#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Throws Error(usage) on every rank when one was started with other settings, libraries or BLAS
/// kernels than rank 0, naming the first line that differs. Collective.
void check_same_everywhere(const Communicator& communicator, const TrainConfig& config);

}  // namespace hourglass
