// The part of the trainer that is measured: steps and nothing else.
#include "hourglass/core/error.hpp"
#include "system/stop_signal.hpp"
#include "train/trainer.hpp"

namespace hourglass {

std::vector<StepTimes> Trainer::run_steps(Index steps) {
  std::vector<StepTimes> times;
  times.reserve(static_cast<std::size_t>(steps));
  is_measuring_ = true;
  if (!profiler_) start_recording();
  for (Index s = 0; s < steps; ++s) {
    if (position_.step_in_epoch == plan_.steps_per_epoch()) {
      position_.step_in_epoch = 0;
      ++position_.epoch;
    }
    if (s == 0 || position_.step_in_epoch == 0) {
      collectively(communicator_, [&] {
        source_->begin_epoch(static_cast<std::uint32_t>(position_.epoch), position_.step_in_epoch);
      });
    }
    step_clock_ = {};
    const auto before = recorded_seconds();
    const Timer timer;
    train_step();
    times.push_back({timer.seconds(), step_clock_.compute, step_clock_.exchange, step_clock_.input,
                     recorded_seconds()});
    for (std::size_t p = 0; p < phase_count; ++p) times.back().phases[p] -= before[p];
    if (stop_requested_)
      throw Error(ErrorKind::stopped, "stopped on request while measuring", Reach::everywhere);
  }
  return times;
}

}  // namespace hourglass
