#include "train/step_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/activity.hpp"
#include "core/timer.hpp"
#include "data/transformed_statistics.hpp"
#include "engine/inference.hpp"
#include "hourglass/core/error.hpp"
#include "train/collapse_advice.hpp"
#include "train/dead_unit_advice.hpp"
#include "train/run_end.hpp"

namespace hourglass {

StepLoop::StepLoop(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
                   const RunData& data, const RunProfile& profile, StageSequence& stages,
                   RunState& state, Recorder& recorder, Checkpoints& checkpoints,
                   Supervisor& supervisor)
    : communicator_(communicator),
      config_(config),
      plan_(plan),
      data_(data),
      profile_(profile),
      stages_(stages),
      state_(state),
      recorder_(recorder),
      checkpoints_(checkpoints),
      supervisor_(supervisor),
      step_(communicator, config, plan, stages, state),
      resampling_(communicator, config, plan, data, stages.network()) {}

void StepLoop::train_stage() {
  while (!is_over() && !is_paused()) train_epoch();
}

bool StepLoop::is_paused() const {
  const Position& position = state_.position;
  return pause_after_ > 0 && !plan_.is_pretraining(position.stage) &&
         position.epoch >= pause_after_ && !is_over();
}

bool StepLoop::is_over() const {
  const Position& position = state_.position;
  if (position.epoch >= plan_.epochs(position.stage)) return true;
  if (config_.early_stopping > 0 && state_.history.epochs_since_best() >= config_.early_stopping)
    return true;
  const FullBatch* const full_batch = stages_.current().full_batch();
  return full_batch != nullptr && full_batch->converged();
}

void StepLoop::begin_epoch() {
  const Position& position = state_.position;
  collectively(communicator_, [&] {
    stages_.source().begin_epoch(plan_.epoch_number(position.stage, position.epoch),
                                 position.step_in_epoch);
  });
}

void StepLoop::train_epoch() {
  activity::enter(Work::reading);
  begin_epoch();
  since_epoch_record_ = {};
  since_step_record_ = {};
  const Position& position = state_.position;
  for (const Index epoch = position.epoch; position.epoch == epoch;) {
    activity::enter_step(position.step);
    activity::enter(Work::computing);
    supervisor_.inject_faults(position.step, stages_.stage());
    const bool ends_pass =
        position.step_in_epoch + 1 == plan_.shards(position.stage).steps_per_epoch();
    if (update(recorder_.records_step(position.step + 1) || ends_pass)) {
      if (resampling_.is_due(state_)) resample();
      if (recorder_.records_step(position.step)) record_step();
      if (position.step_in_epoch == plan_.updates_per_epoch(position.stage)) finish_epoch();
      if (supervisor_.verification_due(position.step)) verify();
      if (checkpoint_is_due(config_.checkpoint_every, position,
                            supervisor_.checkpoint_requested()) ||
          checkpoints_.is_kept(position))
        checkpoint();
    }
    if (supervisor_.stop_requested()) stop();
  }
}

bool StepLoop::update(bool wants_norm) {
  const StepResult& step = step_.make(
      [this] {
        return supervisor_.flags(checkpoints_.interval_has_passed(), checkpoints_.ready());
      },
      wants_norm);
  if (!step.divergence.empty()) checkpoints_.fail_diverged(state_.position, step.divergence);
  supervisor_.take(step.totals);
  if (!step.updated) return false;
  if (supervisor_.written_everywhere()) advance_checkpoint();
  for (RecordPeriod* period : {&since_step_record_, &since_epoch_record_}) period->add(step);
  recorder_.show_step(state_.position, step);
  if (step.totals.root_failures > 0 && !root_failures_said_) {
    recorder_.note(fmt::format(
        "{} decompositions of matrices failed and were repeated with more damping, or the last "
        "result was kept; metrics.jsonl counts them as root_failures",
        step.totals.root_failures));
    root_failures_said_ = true;
  }
  return true;
}

void StepLoop::resample() {
  const Index count = resampling_.run(stages_.stage(), stages_.pool(), state_);
  if (count > 0) recorder_.note(fmt::format("{} dead units begin anew", count));
}

// The next part of a checkpoint in the background, when it takes no waiting.
void StepLoop::advance_checkpoint() {
  const PhaseSpan span(profile_.main(), Phase::checkpoint);
  const Timer timer;
  activity::enter(Work::checkpointing);
  checkpoints_.advance();
  for (RecordPeriod* period : {&since_step_record_, &since_epoch_record_})
    period->checkpoint += timer.seconds();
}

void StepLoop::record_step() {
  stages_.stage().complete_parameters();
  activity::enter(Work::recording);
  const MetricsRecord record = recorder_.step_record(state_, step_.last(), since_step_record_);
  recorder_.write(record, stages_.parameters());
  since_step_record_ = {};
}

void StepLoop::finish_epoch() {
  stages_.stage().complete_parameters();
  MetricsRecord record = recorder_.epoch_record(state_, step_.last(), since_epoch_record_);
  state_.finish_epoch();
  if (data_.validation() != nullptr) {
    validate(record);
    if (!std::isfinite(*record.validation_sse))
      checkpoints_.fail_diverged(state_.position, "the validation error is not finite");
  }
  recorder_.add_parameters(stages_.parameters(), record);
  state_.history.add(record);
  if (config_.keep_best && !record.layer && state_.history.is_best_epoch())
    checkpoints_.write_best(state_);
  recorder_.write(record, stages_.parameters());
  recorder_.show_epoch(record);
  if (collapse_said_ || record.layer) return;
  for (const auto& advice : {collapse_advice(config_, record), dead_unit_advice(config_, record)}) {
    if (!advice) continue;
    recorder_.note(*advice);
    collapse_said_ = true;
  }
}

void StepLoop::validate(MetricsRecord& record) {
  const PhaseSpan span(profile_.main(), Phase::validation);
  activity::enter(Work::evaluating);
  Stage& stage = stages_.stage();
  const Evaluation found =
      evaluate(stages_.sharing(), stage.model(), stage.parameters_in_use(), *data_.validation(),
               data_.validation_transform(), config_.micro_batch, stages_.pool(),
               data_.validation_weights(), data_.validation_conditions());
  record.validation_sse = found.sse;
  if (record.sparse_use)
    record.sparse_use->validation_unexplained =
        unexplained_share(found.sse, data_.validation_variance());
  record.validation_unit_kl = found.unit_divergences;
}

void StepLoop::checkpoint() {
  stages_.stage().complete_parameters();
  const PhaseSpan span(profile_.main(), Phase::checkpoint);
  const Timer timer;
  activity::enter(Work::checkpointing);
  if (config_.reliability.verify_every > 0) verify();
  checkpoints_.write(state_);
  supervisor_.checkpoint_took(std::max(timer.seconds(), checkpoints_.take_duration()));
  for (RecordPeriod* period : {&since_step_record_, &since_epoch_record_})
    period->checkpoint += timer.seconds();
}

void StepLoop::verify() {
  stages_.stage().complete_parameters();
  const Timer timer;
  supervisor_.verify(stages_.stage(), state_.position.step, checkpoints_.last());
  for (RecordPeriod* period : {&since_step_record_, &since_epoch_record_})
    period->verify += timer.seconds();
}

void StepLoop::stop() {
  stages_.stage().complete_parameters();
  const Index step = state_.position.step;
  if (checkpoints_.step() != step) checkpoint();
  checkpoints_.finish();
  throw stop_error(step, supervisor_.time_limit(), checkpoints_.last(), config_.output);
}

std::vector<StepTimes> StepLoop::measure(Index steps) {
  std::vector<StepTimes> times;
  times.reserve(static_cast<std::size_t>(steps));
  const Position& position = state_.position;
  for (Index s = 0; s < steps; ++s) {
    if (position.step_in_epoch == plan_.updates_per_epoch(position.stage)) state_.finish_epoch();
    if (s == 0 || position.step_in_epoch == 0) begin_epoch();
    const auto before = profile_.seconds();
    const Timer timer;
    update(false);
    const double total = timer.seconds();
    const StepResult& step = step_.last();
    StepTimes& measured =
        times.emplace_back(StepTimes{total, step.compute_seconds, step.exchange_seconds,
                                     step.input_seconds, profile_.seconds()});
    for (std::size_t p = 0; p < phase_count; ++p) measured.phases[p] -= before[p];
    if (supervisor_.stop_requested())
      throw Error(ErrorKind::stopped, "stopped on request while measuring", Reach::everywhere);
  }
  stages_.stage().complete_parameters();
  return times;
}

}  // namespace hourglass
