#pragma once

#include <memory>
#include <string>
#include <vector>

namespace hourglass {

/// The numbers of signals such as "USR1,SIGUSR2": those that a program may catch for this. Throws
/// Error(usage) naming
/// --stop-signal and the nearest valid name.
[[nodiscard]] std::vector<int> stop_signals_from(const std::string& names);

/// Turns SIGINT, SIGTERM and the signals given into a flag that the training loop reads at step
/// boundaries, so that a scheduler's warning or Ctrl-C ends with a checkpoint. A second SIGINT ends
/// the process at once without one. Restores the former handlers at the end. One at a time.
class StopSignal {
 public:
  explicit StopSignal(const std::vector<int>& signals = stop_signals_from("USR1"));
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// From now on `number` does not end the process while there is no StopSignal: it is remembered,
  /// and the next one begins with it, so that a job that is asked to stop while it starts does. For
  /// the first line of a program.
  static void remember(int number);
  /// The number of the last signal, or 0 when none has arrived.
  [[nodiscard]] static int received();

 private:
  struct Former;
  std::unique_ptr<Former> former_;
};

}  // namespace hourglass
