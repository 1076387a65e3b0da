#include "system/priority.hpp"

#include <sched.h>
#include <sys/resource.h>

namespace hourglass {

void give_way_to_other_processes() {
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) == 0) return;
  constexpr int lowest = 19;
  static_cast<void>(setpriority(PRIO_PROCESS, 0, lowest));
}

}  // namespace hourglass
