#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Parameters that may still be on their way from other ranks when a pass begins.
class ParameterArrival {
 public:
  virtual ~ParameterArrival() = default;
  /// Returns when these floats of the arena are there. Any worker may call it, in every pass.
  virtual void wait_for(Range arena) = 0;
};

}  // namespace hourglass
