#include "train/training_step.hpp"

#include <cmath>
#include <exception>
#include <optional>

#include "config/dictionary_training.hpp"
#include "core/timer.hpp"
#include "optim/schedule.hpp"
#include "train/diagnosis.hpp"

namespace hourglass {

TrainingStep::TrainingStep(const Communicator& communicator, const TrainConfig& config,
                           const RunPlan& plan, StageSequence& stages, RunState& state)
    : communicator_(communicator), config_(config), plan_(plan), stages_(stages), state_(state) {}

const StepResult& TrainingStep::make(const FullBatch::Flags& flags, bool wants_norm) {
  const Timer timer;
  result_.updated = false;
  result_.divergence.clear();
  if (FullBatch* const full_batch = stages_.current().full_batch()) {
    iterate(*full_batch, flags);
  } else {
    update_from_batch(flags, wants_norm);
  }
  result_.seconds = timer.seconds();
  return result_;
}

void TrainingStep::update_from_batch(const FullBatch::Flags& flags, bool wants_norm) {
  Stage& stage = stages_.stage();
  const Position& position = state_.position;
  result_.totals = stage.gradient(
      stages_.source(), config_.seed, plan_.epoch_number(position.stage, position.epoch),
      position.step_in_epoch, flags(), plan_.penalty_factors(position), dead_units());
  const StepTotals& totals = result_.totals;
  result_.loss = totals.mean(totals.loss);
  if (totals.failed || !std::isfinite(result_.loss)) {
    result_.divergence = explain_failure();
    return;
  }
  const Index step = plan_.step_in_stage(position);
  result_.learning_rate = stage.schedule().rate(step, plateaus());
  std::optional<double> norm;
  if (wants_norm || stage.wants_norm()) {
    norm = result_.gradient_norm = stage.gradient_norm();
    if (!std::isfinite(*norm)) {
      result_.divergence = explain("the gradient is not finite");
      return;
    }
  }
  // Whatever else needs the parameters completes them first.
  stage.update(step, result_.learning_rate, norm, GradientExchange::Gather::later);
  count(totals.samples, stage.compute_seconds());
}

// Those that the whole network's auxiliary loss reconstructs with.
std::span<const std::int32_t> TrainingStep::dead_units() {
  const Index stage = state_.position.stage;
  if (plan_.is_pretraining(stage) || stages_.network().spec().dictionary.aux_k <= 0) return {};
  return state_.units.find_dead(dead_after(config_, plan_.shards(stage).samples()));
}

// All passes over the data see the order and the noise of the stage's first epoch.
void TrainingStep::iterate(FullBatch& full_batch, const FullBatch::Flags& flags) {
  const Timer timer;
  const Position& position = state_.position;
  const FullBatch::Iteration iteration = full_batch.iterate(
      stages_.source(), plan_.epoch_number(position.stage, 0), flags, position.epoch == 0);
  result_.totals = iteration.totals;
  const StepTotals& totals = result_.totals;
  if (totals.failed) {
    result_.divergence = explain_failure();
    return;
  }
  if (iteration.stopped) return;
  result_.loss = totals.mean(totals.loss);
  if (!std::isfinite(result_.loss)) {
    result_.divergence = explain_failure();
    return;
  }
  result_.gradient_norm = iteration.gradient_norm;
  if (!std::isfinite(result_.gradient_norm)) {
    result_.divergence = "the gradient is not finite";
    return;
  }
  result_.learning_rate = iteration.step;
  count(iteration.passes * stages_.stage().plan().samples(), timer.seconds());
}

void TrainingStep::count(Index samples, double compute_seconds) {
  const StepTotals& totals = result_.totals;
  result_.updated = true;
  result_.squared_error = totals.mean(totals.squared_error);
  result_.penalty = totals.mean(totals.penalty);
  result_.samples = samples;
  result_.compute_seconds = compute_seconds;
  result_.exchange_seconds = stages_.stage().take_exchange_seconds();
  result_.input_seconds = stages_.take_input_seconds();
  result_.sent_bytes = stages_.stage().take_sent_bytes();
  result_.group_spread = stages_.stage().group_spread();
  state_.count_update(totals, samples);
}

Index TrainingStep::plateaus() {
  return stages_.stage().schedule().watches_validation()
             ? count_plateaus(state_.history.validation_errors(), config_.schedule.patience)
             : 0;
}

std::string TrainingStep::explain_failure() {
  // Every rank is here: one that failed tells the others.
  collectively(communicator_, [&] {
    if (result_.totals.failure) std::rethrow_exception(result_.totals.failure);
  });
  if (std::isfinite(result_.totals.loss.value())) return "a rank failed";
  return explain("the loss is not finite");
}

std::string TrainingStep::explain(const std::string& what) {
  if (stages_.current().full_batch() != nullptr) return what;
  Stage& stage = stages_.stage();
  // Messages of the step are still on their way to buffers that are about to be used again.
  stage.wait_for_gradient();
  const Position& position = state_.position;
  // The ranks of a divided dictionary make passes together only.
  if (stages_.shards() != nullptr) return what;
  const std::string why = find_non_finite(
      communicator_, stage.model(), stage.plan(), stage.parameters(), stages_.source(),
      {config_.seed, plan_.epoch_number(position.stage, position.epoch), position.step_in_epoch});
  return why.empty() ? what : what + ": " + why;
}

}  // namespace hourglass
