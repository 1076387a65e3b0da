#pragma once

#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Protection against failures of the machine: stop in time, notice ranks that hang or went wrong,
/// write while computing.
struct ReliabilitySettings {
  std::string stop_signal = "USR1";  ///< signals besides INT and TERM that stop with a checkpoint:
                                     ///< names, separated by commas
  double time_limit =
      0;  ///< seconds after which the run must have ended, checkpoint included; 0: none
  double watchdog =
      0;  ///< seconds without any progress after which a rank counts as hung; 0: no watchdog
  Index verify_every = 0;  ///< steps after which all ranks compare their parameters; 0: never
  bool checkpoint_async = false;  ///< checkpoints are written by a background thread of each rank
};

}  // namespace hourglass
