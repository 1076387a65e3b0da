#include "train/supervisor.hpp"

#include <fmt/format.h>

#include "system/atomic_file.hpp"
#include "system/stop_signal.hpp"
#include "train/parameter_check.hpp"
#include "train/run_end.hpp"

namespace hourglass {

Supervisor::Supervisor(const Communicator& communicator, const ReliabilitySettings& settings)
    : communicator_(communicator), settings_(settings) {
  collectively(communicator_,
               [&] { faults_ = FaultInjection::from_environment(communicator_.rank()); });
}

void Supervisor::start(double checkpoint_bytes, const std::string& watchdog_file,
                       const std::string& folder) {
  time_limit_.emplace(settings_.time_limit, checkpoint_bytes);
  if (settings_.watchdog == 0) return;
  collectively(communicator_, [&] {
    if (communicator_.is_root()) write_text_atomically(watchdog_file, "");
  });
  watchdog_ = std::make_unique<Watchdog>(
      watchdog_file, communicator_.rank(), communicator_.size(), settings_.watchdog,
      fmt::format("the job is ended; continue with: hourglass train --resume {}", folder));
}

StepFlags Supervisor::flags(bool checkpoint_due, bool written) {
  const bool time_is_up = communicator_.is_root() && time_limit_ && time_limit_->reached();
  return {StopSignal::received() != 0 || time_is_up, communicator_.is_root() && checkpoint_due,
          time_is_up, written};
}

void Supervisor::take(const StepTotals& totals) {
  stop_requested_ = totals.ranks_with(StepFlag::stop) > 0;
  time_is_up_ = totals.ranks_with(StepFlag::time) > 0;
  checkpoint_requested_ = totals.ranks_with(StepFlag::checkpoint) > 0;
  written_everywhere_ = totals.ranks_with(StepFlag::written) == communicator_.size();
}

void Supervisor::checkpoint_took(double seconds) {
  if (time_limit_) time_limit_->checkpoint_took(seconds);
}

bool Supervisor::verification_due(Index step) const {
  return settings_.verify_every > 0 && step % settings_.verify_every == 0;
}

void Supervisor::verify(const Stage& stage, Index step, const std::string& checkpoint) const {
  check_same_parameters(communicator_, stage.model().layout(), stage.parameters(),
                        fmt::format("after step {}", step),
                        fmt::format("last good checkpoint: {}; resume without that node",
                                    name_of_checkpoint(checkpoint)));
}

}  // namespace hourglass
