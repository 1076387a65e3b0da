#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "config/reliability.hpp"
#include "engine/stage.hpp"
#include "hourglass/comm/communicator.hpp"
#include "system/fault_injection.hpp"
#include "train/time_limit.hpp"
#include "train/watchdog.hpp"

namespace hourglass {

/// Looks after a run: stops it on a signal or in time, ends it when a rank hangs, compares the
/// ranks' parameters. What one rank notices rides along with the sums of a step, after which all
/// ranks decide alike.
class Supervisor {
 public:
  /// Throws Error(usage) on every rank for a malformed HOURGLASS_FAULT. Collective.
  Supervisor(const Communicator& communicator, const ReliabilitySettings& settings);

  /// Starts the clock of --time-limit and the watchdog. A checkpoint of `checkpoint_bytes` per rank
  /// must fit into the time; `watchdog_file` lies in the run's `folder`. Collective.
  void start(double checkpoint_bytes, const std::string& watchdog_file, const std::string& folder);

  /// Does to this rank, before the update after `step` others, what HOURGLASS_FAULT asks for.
  void inject_faults(Index step, Stage& stage) const {
    if (faults_.spoils_parameters()) stage.complete_parameters();
    faults_.before_step(step, stage.parameters());
  }

  /// This rank's flags for a step. Clocks differ between ranks: rank 0's decide, also over
  /// `checkpoint_due`. `written`: this rank's part of a checkpoint in the background.
  [[nodiscard]] StepFlags flags(bool checkpoint_due, bool written);
  /// Takes note of all ranks' flags.
  void take(const StepTotals& totals);

  [[nodiscard]] bool stop_requested() const { return stop_requested_; }
  [[nodiscard]] bool checkpoint_requested() const { return checkpoint_requested_; }
  [[nodiscard]] bool written_everywhere() const { return written_everywhere_; }
  /// The --time-limit in seconds if that is why the run must stop, otherwise 0.
  [[nodiscard]] double time_limit() const { return time_is_up_ ? settings_.time_limit : 0; }

  /// Tells how long a checkpoint took.
  void checkpoint_took(double seconds);

  [[nodiscard]] bool verification_due(Index step) const;
  /// Throws Error(rank) on every rank when the parameters of the ranks differ, naming `checkpoint`,
  /// the last good one. Collective.
  void verify(const Stage& stage, Index step, const std::string& checkpoint) const;

 private:
  Communicator communicator_;
  ReliabilitySettings settings_;
  FaultInjection faults_;
  std::optional<TimeLimit> time_limit_;
  std::unique_ptr<Watchdog> watchdog_;
  bool stop_requested_ = false;
  bool time_is_up_ = false;
  bool checkpoint_requested_ = false;
  bool written_everywhere_ = false;
};

}  // namespace hourglass
