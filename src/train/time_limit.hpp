#pragma once

#include "core/timer.hpp"

namespace hourglass {

/// Decides when a run must stop so that its last checkpoint is written before `limit` seconds have
/// passed: the process's age, the longest time between two looks at it, and the slowest checkpoint,
/// twice and with a second to spare.
class TimeLimit {
 public:
  /// `checkpoint_bytes` stands for the duration of a checkpoint until one was measured. `limit` 0:
  /// never reached.
  TimeLimit(double limit, double checkpoint_bytes);

  /// To be called once a step: whether to stop now.
  [[nodiscard]] bool reached();
  /// How long a checkpoint took; the time does not count as a step's.
  void checkpoint_took(double seconds);
  /// The time that reached() keeps free.
  [[nodiscard]] double reserve() const;

 private:
  double limit_;
  double longest_checkpoint_;
  double longest_step_ = 0;
  bool measured_ = false;
  bool looked_ = false;
  double excluded_seconds_ = 0;
  Timer since_look_;
};

}  // namespace hourglass
