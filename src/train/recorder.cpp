#include "train/recorder.hpp"

#include <algorithm>
#include <array>

#include "engine/training_data.hpp"

namespace hourglass {

namespace {

// Whether an optimizer of the run decomposes matrices.
bool decomposes(const TrainConfig& config) {
  return std::ranges::any_of(std::array{&config.optimizer.name, &config.pretrain.optimizer},
                             [](const std::string* name) {
                               return *name == "shampoo" || *name == "soap";
                             });
}

}  // namespace

void RecordPeriod::add(const StepResult& step) {
  compute += step.compute_seconds;
  exchange += step.exchange_seconds;
  input += step.input_seconds;
  samples += step.samples;
  root_failures += step.totals.root_failures;
}

Recorder::Recorder(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
                   const Autoencoder& network, const RunData& data)
    : communicator_(communicator), config_(config), plan_(plan), network_(network), data_(data) {}

void Recorder::open_files(const RunFolder& folder, Index step) {
  MetricsRecord example;
  if (decomposes(config_)) example.root_failures = 0;
  const auto units = static_cast<std::size_t>(network_.posterior_units());
  example.unit_kl.resize(units);
  if (data_.validation() != nullptr) example.validation_unit_kl.resize(units);
  metrics_ = std::make_unique<MetricsFile>(folder.metrics_path(), step, example);
  if (!config_.tensorboard) return;
  const DatasetReader* const validation = data_.validation();
  tensorboard_ = std::make_unique<TensorBoard>(
      folder.tensorboard_path(), step, network_,
      validation != nullptr ? *validation : data_.training(),
      validation != nullptr ? data_.validation_transform() : data_.transform());
}

void Recorder::begin_report(Index step) {
  if (!communicator_.is_root()) return;
  progress_ =
      std::make_unique<Progress>(config_.progress, config_.epochs, plan_.total_steps(), step);
}

void Recorder::begin_stage(Index stage) {
  if (progress_) progress_->begin_stage(plan_.pretraining().name(stage), plan_.epochs(stage));
}

void Recorder::note(const std::string& line) {
  if (progress_) progress_->note(line);
}

bool Recorder::records_step(Index step) const {
  return config_.log_every > 0 && step % config_.log_every == 0;
}

MetricsRecord Recorder::step_record(const Position& position, const StepResult& step,
                                    const RecordPeriod& period) const {
  MetricsRecord record = make_record("step", position, step, period);
  record.loss = step.loss;
  record.sse = step.squared_error;
  record.penalty = step.penalty;
  record.unit_kl = step.totals.unit_divergences.means(static_cast<double>(step.totals.samples));
  return record;
}

MetricsRecord Recorder::epoch_record(const RunState& state, const StepResult& step,
                                     const RecordPeriod& period) const {
  MetricsRecord record = make_record("epoch", state.position, step, period);
  record.loss = state.sums.mean(state.sums.loss);
  record.sse = state.sums.mean(state.sums.squared_error);
  record.penalty = state.sums.mean(state.sums.penalty);
  record.unit_kl = state.sums.mean_divergences();
  return record;
}

MetricsRecord Recorder::make_record(const std::string& kind, const Position& position,
                                    const StepResult& step, const RecordPeriod& period) const {
  MetricsRecord record;
  record.kind = kind;
  const bool pretraining = plan_.is_pretraining(position.stage);
  record.phase = pretraining ? "pretrain" : "train";
  if (pretraining) record.layer = position.stage + 1;
  record.epoch = position.epoch + 1;
  record.step = position.step;
  record.learning_rate = step.learning_rate;
  record.gradient_norm = step.gradient_norm;
  record.samples_per_second = static_cast<double>(period.samples) / period.wall.seconds();
  record.seconds_compute = communicator_.max(period.compute);
  record.seconds_exchange_exposed = communicator_.max(period.exchange);
  record.seconds_input_wait = communicator_.max(period.input);
  record.seconds_checkpoint = communicator_.max(period.checkpoint);
  record.seconds_verify = communicator_.max(period.verify);
  if (decomposes(config_)) record.root_failures = period.root_failures;
  record.resident_bytes = communicator_.max(resident_bytes());
  return record;
}

void Recorder::write(const MetricsRecord& record, std::span<const float> parameters) {
  collectively(communicator_, [&] {
    if (metrics_) metrics_->write(record);
    // TensorBoard's pictures are of the whole network.
    if (tensorboard_ && !record.layer) tensorboard_->write(record, parameters);
  });
}

void Recorder::show_step(const Position& position, const StepResult& step) {
  if (!progress_) return;
  progress_->step(position.epoch + 1, position.step, step.loss,
                  static_cast<double>(step.samples) / step.seconds);
}

void Recorder::show_epoch(const MetricsRecord& record) {
  if (progress_) progress_->epoch(record);
}

}  // namespace hourglass
