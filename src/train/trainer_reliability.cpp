// The part of the trainer that looks after the run: stopping in time, hanging and deviating ranks,
// numbers that are not finite.
#include <fmt/format.h>

#include "config/duration.hpp"
#include "core/activity.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"
#include "train/diagnosis.hpp"
#include "train/parameter_check.hpp"
#include "train/trainer.hpp"

namespace hourglass {

void Trainer::start_watchdog() {
  // A checkpoint's share of a rank: weights, and as many moments as Adam has.
  const auto bytes =
      3 * model_.layout().size() * static_cast<Index>(sizeof(float)) / communicator_.size();
  time_limit_ =
      std::make_unique<TimeLimit>(config_.reliability.time_limit, static_cast<double>(bytes));
  if (config_.reliability.watchdog == 0) return;
  collectively(communicator_, [&] {
    if (communicator_.is_root()) write_text_atomically(folder_.watchdog_path(), "");
  });
  watchdog_ = std::make_unique<Watchdog>(
      folder_.watchdog_path(), communicator_.rank(), communicator_.size(),
      config_.reliability.watchdog,
      fmt::format("the job is ended; continue with: hourglass train --resume {}", config_.output));
}

void Trainer::take_flags(const StepTotals& totals) {
  stop_requested_ = totals.ranks_with(StepFlag::stop) > 0;
  time_is_up_ = totals.ranks_with(StepFlag::time) > 0;
  checkpoint_requested_ = totals.ranks_with(StepFlag::checkpoint) > 0;
  written_everywhere_ = totals.ranks_with(StepFlag::written) == communicator_.size();
}

// The next stage of a checkpoint in the background, when it takes no waiting.
void Trainer::settle_checkpoint() {
  if (!written_everywhere_) return;
  const PhaseSpan span(recorder(), Phase::checkpoint);
  const Timer timer;
  activity::enter(Work::checkpointing);
  checkpoints_->advance();
  for (Clock* clock : {&step_clock_, &epoch_clock_}) clock->checkpoint += timer.seconds();
}

void Trainer::stop() {
  if (checkpoints_->step() != position_.step) checkpoint();
  checkpoints_->finish();
  const std::string why = time_is_up_ ? fmt::format("before the --time-limit of {}",
                                                    format_duration(config_.reliability.time_limit))
                                      : "on request";
  throw Error(
      ErrorKind::stopped,
      fmt::format(
          "stopped {} at step {}; checkpoint {}; continue with: hourglass train --resume {}", why,
          position_.step, last_checkpoint(), config_.output),
      Reach::everywhere);
}

void Trainer::verify_if_due() {
  const Index every = config_.reliability.verify_every;
  if (every > 0 && position_.step % every == 0) verify();
}

void Trainer::verify() {
  const Timer timer;
  check_same_parameters(
      communicator_, stage_->model().layout(), stage_->parameters(),
      fmt::format("after step {}", position_.step),
      fmt::format("last good checkpoint: {}; resume without that node", last_checkpoint()));
  for (Clock* clock : {&step_clock_, &epoch_clock_}) clock->verify += timer.seconds();
}

void Trainer::fail_numbers(const std::string& what) {
  if (full_batch_) diverged(what);
  // Messages of the step are still on their way to buffers that are about to be used again.
  stage_->wait_for_gradient();
  const std::string why = find_non_finite(
      communicator_, stage_->model(), stage_->plan(), stage_->parameters(), *source_,
      {config_.seed, epoch_number(position_.epoch), position_.step_in_epoch});
  diverged(why.empty() ? what : what + ": " + why);
}

std::string Trainer::last_checkpoint() const {
  return checkpoints_->last().empty() ? "none" : checkpoints_->last();
}

}  // namespace hourglass
