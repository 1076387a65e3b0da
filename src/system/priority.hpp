#pragma once

namespace hourglass {

/// From now on this process gets the processor time that others leave (SCHED_IDLE; where that is
/// refused, the lowest nice value), so that watching a training does not slow it down.
void give_way_to_other_processes();

}  // namespace hourglass
