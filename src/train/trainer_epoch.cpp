// The part of the trainer that ends an epoch: validation, history and what goes by them.
#include <algorithm>
#include <cmath>

#include "core/activity.hpp"
#include "train/trainer.hpp"

namespace hourglass {

void Trainer::finish_epoch() {
  ++position_.epoch;
  position_.step_in_epoch = 0;
  MetricsRecord record = make_record("epoch", epoch_clock_);
  record.epoch = position_.epoch;
  record.loss = epoch_loss_.value() / static_cast<double>(epoch_samples_);
  record.sse = epoch_squared_error_.value() / static_cast<double>(epoch_samples_);
  record.penalty = epoch_penalty_.value() / static_cast<double>(epoch_samples_);
  if (validation_reader_) {
    const PhaseSpan span(recorder(), Phase::validation);
    activity::enter(Work::evaluating);
    record.validation_sse = validation_error();
    if (!std::isfinite(*record.validation_sse)) diverged("the validation error is not finite");
  }
  remember(record);
  if (config_.keep_best && !is_pretraining() && is_best_epoch()) write_weights(folder_.best_path());
  epoch_loss_.clear();
  epoch_squared_error_.clear();
  epoch_penalty_.clear();
  epoch_samples_ = 0;
  write_record(record);
  if (progress_) progress_->epoch(record);
}

void Trainer::remember(const MetricsRecord& record) {
  const std::string group = is_pretraining() ? "/history/pretraining/" : "/history/";
  const auto add = [&](const char* name, double value) { history_[group + name].push_back(value); };
  if (record.layer) add("layer", static_cast<double>(*record.layer));
  add("epoch", static_cast<double>(record.epoch));
  add("step", static_cast<double>(record.step));
  add("loss", record.loss);
  add("sse", record.sse);
  add("validation_sse", record.validation_sse.value_or(std::nan("")));
  add("learning_rate", record.learning_rate);
}

void Trainer::write_record(const MetricsRecord& record) {
  collectively(communicator_, [&] {
    if (metrics_) metrics_->write(record);
    // Its pictures are of the whole network.
    if (tensorboard_ && !is_pretraining()) tensorboard_->write(record, parameters_.span());
  });
}

double Trainer::validation_error() {
  return evaluate(communicator_, stage_->model(), stage_->parameters_in_use(), *validation_reader_,
                  transform_, config_.micro_batch, pool_)
      .sse;
}

std::span<const double> Trainer::validation_errors() { return history_["/history/validation_sse"]; }

Index Trainer::plateaus() {
  return stage_->schedule().watches_validation()
             ? count_plateaus(validation_errors(), config_.schedule.patience)
             : 0;
}

bool Trainer::is_best_epoch() {
  const auto errors = validation_errors();
  return std::ranges::min_element(errors) == errors.end() - 1;
}

bool Trainer::stopped_early() {
  const auto errors = validation_errors();
  if (config_.early_stopping == 0 || errors.empty()) return false;
  return errors.end() - 1 - std::ranges::min_element(errors) >= config_.early_stopping;
}

}  // namespace hourglass
