// The part of the trainer that makes one update and reports on it.
#include <fmt/format.h>

#include <cmath>

#include "core/activity.hpp"
#include "hourglass/core/error.hpp"
#include "system/stop_signal.hpp"
#include "train/trainer.hpp"

namespace hourglass {

// Counted through all stages, so that none sees the order and the noise of another.
std::uint32_t Trainer::epoch_number(Index epoch) const {
  Index before = 0;
  for (Index stage = 0; stage < position_.stage; ++stage) before += epochs_of(stage);
  return static_cast<std::uint32_t>(before + epoch);
}

// Whether this rank was told to stop, and whether it is time for a checkpoint. Clocks differ
// between ranks: rank 0's decides.
StepFlags Trainer::flags() {
  const bool by_time = config_.checkpoint_every.unit == Interval::Unit::seconds &&
                       config_.checkpoint_every.count > 0;
  const bool time_is_up = communicator_.is_root() && time_limit_ && time_limit_->reached();
  return {StopSignal::received() != 0 || time_is_up,
          by_time && communicator_.is_root() &&
              since_checkpoint_.seconds() >= config_.checkpoint_every.count,
          time_is_up, checkpoints_->ready()};
}

void Trainer::train_step() {
  const Timer timer;
  const StepTotals& totals = stage_->gradient(*source_, config_.seed, epoch_number(position_.epoch),
                                              position_.step_in_epoch, flags());
  take_flags(totals);
  step_loss_ = totals.mean(totals.loss);
  if (totals.failed || !std::isfinite(step_loss_)) fail_step(totals);
  learning_rate_ = stage_->schedule().rate(step_in_stage(), plateaus());
  const bool log_due =
      !is_measuring_ && ((config_.log_every > 0 && (position_.step + 1) % config_.log_every == 0) ||
                         position_.step_in_epoch + 1 == stage_->plan().steps_per_epoch());
  std::optional<double> norm;
  if (log_due || stage_->wants_norm()) {
    norm = gradient_norm_ = stage_->gradient_norm();
    if (!std::isfinite(gradient_norm_)) fail_numbers("the gradient is not finite");
  }
  stage_->update(step_in_stage(), learning_rate_, norm);
  settle_checkpoint();
  count_step(totals, totals.samples, stage_->compute_seconds(), timer);
}

// One update by L-BFGS; all passes over the data see the order and the noise of the stage's first
// epoch.
void Trainer::train_iteration() {
  const Timer timer;
  const FullBatch::Iteration iteration = full_batch_->iterate(
      *source_, epoch_number(0), [this] { return flags(); }, position_.epoch == 0);
  take_flags(iteration.totals);
  if (iteration.totals.failed) fail_step(iteration.totals);
  if (iteration.stopped) return;
  step_loss_ = iteration.totals.mean(iteration.totals.loss);
  if (!std::isfinite(step_loss_)) fail_step(iteration.totals);
  gradient_norm_ = iteration.gradient_norm;
  if (!std::isfinite(gradient_norm_)) diverged("the gradient is not finite");
  learning_rate_ = iteration.step;
  settle_checkpoint();
  count_step(iteration.totals, iteration.passes * plan_.samples(), timer.seconds(), timer);
}

void Trainer::count_step(const StepTotals& totals, Index samples, double compute_seconds,
                         const Timer& timer) {
  step_penalty_ = totals.mean(totals.penalty);
  step_sse_ = totals.mean(totals.squared_error);
  epoch_loss_.add(totals.loss);
  epoch_squared_error_.add(totals.squared_error);
  epoch_penalty_.add(totals.penalty);
  epoch_samples_ += totals.samples;
  ++position_.step;
  ++position_.step_in_epoch;
  position_.samples += samples;
  const double waited = source_->wait_seconds() - source_wait_;
  source_wait_ += waited;
  const double exchanged = stage_->take_exchange_seconds();
  for (Clock* clock : {&step_clock_, &epoch_clock_}) {
    clock->compute += compute_seconds;
    clock->exchange += exchanged;
    clock->input += waited;
    clock->samples += samples;
  }
  if (progress_) {
    progress_->step(position_.epoch + 1, position_.step, step_loss_,
                    static_cast<double>(samples) / timer.seconds());
  }
}

void Trainer::fail_step(const StepTotals& totals) {
  // Every rank is here: whoever failed tells the others.
  collectively(communicator_, [&] {
    if (totals.failure) std::rethrow_exception(totals.failure);
  });
  if (std::isfinite(totals.loss.value())) diverged("a rank failed");
  fail_numbers("the loss is not finite");
}

void Trainer::diverged(const std::string& what) {
  // Whatever is being written may well be the last good one.
  checkpoints_->finish();
  throw Error(
      ErrorKind::diverged,
      fmt::format("diverged at step {} ({}epoch {}): {}; last good checkpoint: {}; try a "
                  "--{}learning-rate below {:g}{}",
                  position_.step + 1,
                  is_pretraining() ? pretraining_.name(position_.stage) + ", " : "",
                  position_.epoch + 1, what, last_checkpoint(), is_pretraining() ? "pretrain-" : "",
                  is_pretraining() ? stage_->settings().schedule.learning_rate
                                   : config_.schedule.learning_rate,
                  is_pretraining() ? "" : " or --clip-norm 1"),
      Reach::everywhere);
}

void Trainer::log_step() {
  activity::enter(Work::recording);
  MetricsRecord record = make_record("step", step_clock_);
  record.loss = step_loss_;
  record.sse = step_sse_;
  record.penalty = step_penalty_;
  write_record(record);
  step_clock_ = {};
}

MetricsRecord Trainer::make_record(const std::string& kind, Clock& clock) {
  MetricsRecord record;
  record.kind = kind;
  record.phase = is_pretraining() ? "pretrain" : "train";
  if (is_pretraining()) record.layer = position_.stage + 1;
  record.epoch = position_.epoch + 1;
  record.step = position_.step;
  record.learning_rate = learning_rate_;
  record.gradient_norm = gradient_norm_;
  record.samples_per_second = static_cast<double>(clock.samples) / clock.wall.seconds();
  record.seconds_compute = communicator_.max(clock.compute);
  record.seconds_exchange_exposed = communicator_.max(clock.exchange);
  record.seconds_input_wait = communicator_.max(clock.input);
  record.seconds_checkpoint = communicator_.max(clock.checkpoint);
  record.seconds_verify = communicator_.max(clock.verify);
  record.resident_bytes = communicator_.max(resident_bytes());
  return record;
}

}  // namespace hourglass
