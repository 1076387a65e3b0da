#pragma once

namespace hourglass {

/// Turns SIGINT, SIGTERM and SIGUSR1 into a flag that the training loop reads at step boundaries, so that a scheduler's warning
/// or Ctrl-C ends with a checkpoint. A second SIGINT ends the process at once without one. Restores the former handlers at the
/// end.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// The signal's number, or 0 when none has arrived.
  [[nodiscard]] static int received();
};

}  // namespace hourglass
