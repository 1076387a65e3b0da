#include "train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/settings.hpp"
#include "core/activity.hpp"
#include "data/statistics.hpp"
#include "engine/arithmetic.hpp"
#include "hourglass/core/error.hpp"
#include "optim/schedule.hpp"
#include "run/effective_config.hpp"
#include "run/model_file.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

Trainer::Trainer(const Communicator& communicator, const TrainConfig& config,
                 std::optional<ResumePoint> resume)
    : communicator_(communicator),
      signals_(stop_signals_from(config.reliability.stop_signal)),
      reader_(open_everywhere(communicator, config.data, config.allow_external)),
      config_(effective_config(communicator, config, *reader_)),
      model_(config_.model),
      pretraining_(config_, model_),
      plan_(std::max<Index>(1, reader_->info().rows()), config.shards(), config.micro_batch),
      pretrain_plan_(plan_.samples(), config.pretrain_shards(), config.micro_batch),
      folder_(resume ? std::move(resume->folder) : RunFolder(config.output)),
      pool_(config.threads),
      checkpoints_(std::make_unique<CheckpointWriter>(communicator, folder_, config.keep,
                                                      config.reliability.checkpoint_async)) {
  collectively(communicator_, [&] {
    faults_ = FaultInjection::from_environment(communicator_.rank());
    check_features(reader_->info(), model_.features());
    for (const Index stage : {Index{0}, pretraining_.stages()}) {
      static_cast<void>(plan_of(stage).shards_of_rank(communicator_.rank(), communicator_.size()));
    }
    const StageSettings whole = whole_settings();
    const Schedule schedule(whole.schedule, plan_.steps_per_epoch(),
                            whole.epochs * plan_.steps_per_epoch());
  });
  if (!config_.validation.empty()) {
    validation_reader_ = open_everywhere(communicator_, config_.validation, config_.allow_external);
    collectively(communicator_,
                 [&] { check_features(validation_reader_->info(), model_.features()); });
  }
  prepare_arithmetic(communicator_, config_, model_.layout());
  prepare();
  initialize(model_.layout(), model_.roles(), config_.initialization, config_.seed,
             parameters_.span());
  model_.constrain(parameters_.data());
  if (resume && !resume->checkpoint.empty()) {
    restore(*resume);
  } else {
    begin_stage();
  }
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    check_trace();
    resume ? folder_.set_aside_newer_than(resume->checkpoint) : folder_.create();
    write_text_atomically(folder_.config_path(), to_text(config_));
    metrics_ = std::make_unique<MetricsFile>(folder_.metrics_path(), position_.step);
    if (!config_.tensorboard) return;
    tensorboard_ = std::make_unique<TensorBoard>(
        folder_.tensorboard_path(), position_.step, model_,
        validation_reader_ ? *validation_reader_ : *reader_, transform_);
  });
}

void Trainer::prepare() {
  transform_ = input_transform(communicator_, *reader_, config_.normalize);
  check_domain(communicator_, *reader_, transform_, config_.model.loss);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    data_fingerprint_ = fingerprint(*reader_);
    if (validation_reader_) validation_fingerprint_ = fingerprint(*validation_reader_);
  });
  for (std::string* text : {&data_fingerprint_, &validation_fingerprint_})
    *text = communicator_.broadcast(*text);
  parameters_ = Buffer<float>(model_.layout().size());
}

StageSettings Trainer::whole_settings() const {
  StageSettings settings{config_.optimizer,    config_.schedule,  config_.update,
                         config_.clip_norm,    config_.epochs,    config_.reduction,
                         config_.bucket_bytes, config_.arithmetic};
  settings.overlap = config_.overlap;
  settings.schedule.learning_rate = scaled_learning_rate(config_.schedule, config_.batch);
  return settings;
}

Index Trainer::epochs_of(Index stage) const {
  return stage < pretraining_.stages() ? pretraining_.settings(stage, plan_of(stage)).epochs
                                       : config_.epochs;
}

Index Trainer::total_steps() const {
  Index steps = 0;
  for (Index stage = 0; stage <= pretraining_.stages(); ++stage)
    steps += epochs_of(stage) * updates_per_epoch(stage);
  return steps;
}

Index Trainer::updates_per_epoch(Index stage) const {
  return stage == pretraining_.stages() && is_full_batch(config_)
             ? 1
             : plan_of(stage).steps_per_epoch();
}

void Trainer::begin_stage() {
  full_batch_.reset();
  stage_.reset();
  layer_.reset();
  layer_parameters_ = {};
  const ShardPlan& plan = plan_of(position_.stage);
  const Range shards = plan.shards_of_rank(communicator_.rank(), communicator_.size());
  if (source_plan_ != &plan) {
    source_.reset();
    source_ = open_training_data(
        communicator_, *reader_,
        {plan, shards, {config_.seed, config_.shuffle_block, config_.shuffle_window}, transform_},
        memory_budget(communicator_, config_.memory));
    source_plan_ = &plan;
    source_wait_ = 0;
  }
  if (!is_pretraining()) {
    stage_ = std::make_unique<Stage>(communicator_, model_, plan, pool_, parameters_.span(),
                                     whole_settings());
    record_stage();
    if (is_full_batch(config_))
      full_batch_ = std::make_unique<FullBatch>(communicator_, *stage_, config_);
    return;
  }
  layer_ = pretraining_.model(position_.stage, parameters_.data());
  layer_parameters_ = Buffer<float>(layer_->layout().size());
  pretraining_.take(position_.stage, *layer_, parameters_.span(), layer_parameters_.span());
  stage_ = std::make_unique<Stage>(communicator_, *layer_, plan, pool_, layer_parameters_.span(),
                                   pretraining_.settings(position_.stage, plan));
}

TrainResult Trainer::run() {
  if (communicator_.is_root()) {
    progress_ =
        std::make_unique<Progress>(config_.progress, config_.epochs, total_steps(), position_.step);
  }
  note_start();
  start_profile();
  // A run has a checkpoint from its first moment: whatever happens, there is one to name and to go
  // back to.
  start_watchdog();
  if (position_.step == 0 && config_.checkpoint_every.count > 0) {
    checkpoint();
    checkpoints_->finish();
  }
  while (true) {
    if (progress_)
      progress_->begin_stage(pretraining_.name(position_.stage), epochs_of(position_.stage));
    while (position_.epoch < epochs_of(position_.stage) && !stopped_early() && !converged())
      train_epoch();
    if (!is_pretraining()) break;
    finish_stage();
  }
  if (checkpoints_->step() != position_.step && config_.checkpoint_every.count > 0) checkpoint();
  checkpoints_->finish();
  write_model();
  activity::enter(Work::ending);
  TrainResult result;
  result.position = position_;
  result.model_path = folder_.model_path();
  if (const auto& sse = history_["/history/validation_sse"]; !sse.empty() && validation_reader_) {
    result.validation_sse = sse.back();
  }
  finish_profile(result);
  collectively(communicator_, [&] {
    result.weights_digest = read_state_file(folder_.model_path()).weights_digest;
  });
  return result;
}

void Trainer::finish_stage() {
  pretraining_.give(position_.stage, *layer_, layer_parameters_.span(), parameters_.span());
  ++position_.stage;
  position_.epoch = 0;
  begin_stage();
}

void Trainer::train_epoch() {
  activity::enter(Work::reading);
  collectively(communicator_, [&] {
    source_->begin_epoch(epoch_number(position_.epoch), position_.step_in_epoch);
  });
  epoch_clock_ = {};
  step_clock_ = {};
  for (bool epoch_end = false; !epoch_end;) {
    const Index before = position_.step;
    activity::enter_step(position_.step);
    activity::enter(Work::computing);
    faults_.before_step(position_.step, stage_->parameters());
    full_batch_ ? train_iteration() : train_step();
    // An iteration that was stopped halfway leaves everything as it was.
    if (position_.step != before) {
      epoch_end = position_.step_in_epoch == updates_per_epoch(position_.stage);
      if (config_.log_every > 0 && position_.step % config_.log_every == 0) log_step();
      if (epoch_end) finish_epoch();
      verify_if_due();
      if (checkpoint_due()) checkpoint();
    }
    if (stop_requested_) stop();
  }
}

}  // namespace hourglass
