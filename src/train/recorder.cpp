#include "train/recorder.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "config/dictionary_training.hpp"
#include "data/transformed_statistics.hpp"
#include "engine/training_data.hpp"
#include "model/atom_cosines.hpp"

namespace hourglass {

namespace {

// Whether an optimizer of the run decomposes matrices.
bool decomposes(const TrainConfig& config) {
  return std::ranges::any_of(std::array{&config.optimizer.name, &config.pretrain.optimizer},
                             [](const std::string* name) {
                               return *name == "shampoo" || *name == "soap" || *name == "kfac";
                             });
}

}  // namespace

void RecordPeriod::add(const StepResult& step) {
  compute += step.compute_seconds;
  exchange += step.exchange_seconds;
  input += step.input_seconds;
  samples += step.samples;
  root_failures += step.totals.root_failures;
  sent_bytes += step.sent_bytes;
}

Recorder::Recorder(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
                   const Autoencoder& network, const RunData& data)
    : communicator_(communicator), config_(config), plan_(plan), network_(network), data_(data) {}

void Recorder::open_files(const RunFolder& folder, Index step) {
  MetricsRecord example;
  if (decomposes(config_)) example.root_failures = 0;
  if (config_.model.sparsity.on()) example.sent_bytes = 0;
  if (config_.local.on()) example.group_spread = 0;
  const auto units = static_cast<std::size_t>(network_.posterior_units());
  example.unit_kl.resize(units);
  if (data_.validation() != nullptr) example.validation_unit_kl.resize(units);
  if (const Index counted = network_.counted_units(); counted > 0) {
    SparseUse& use = example.sparse_use.emplace();
    use.units = counted;
    use.use_histogram.resize(use_bins);
    if (config_.dictionary_shards <= 1) use.nearest_cosine = 0;
    if (data_.validation() != nullptr) use.validation_unexplained = 0;
  }
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

MetricsRecord Recorder::step_record(const RunState& state, const StepResult& step,
                                    const RecordPeriod& period) const {
  MetricsRecord record = make_record("step", state.position, step, period);
  record.loss = step.loss;
  record.sse = step.squared_error;
  record.penalty = step.penalty;
  record.unit_kl = step.totals.unit_divergences.means(static_cast<double>(step.totals.samples));
  if (!record.layer) {
    record.sparse_use =
        sparse_use(state, step.totals.unit_use.counts(), step.totals.samples, record.sse);
  }
  return record;
}

MetricsRecord Recorder::epoch_record(const RunState& state, const StepResult& step,
                                     const RecordPeriod& period) const {
  MetricsRecord record = make_record("epoch", state.position, step, period);
  record.loss = state.sums.mean(state.sums.loss);
  record.sse = state.sums.mean(state.sums.squared_error);
  record.penalty = state.sums.mean(state.sums.penalty);
  record.group_spread = step.group_spread;
  record.unit_kl = state.sums.mean_divergences();
  const auto counts = state.units.epoch_use();
  if (!record.layer)
    record.sparse_use = sparse_use(state, counts, state.units.epoch_samples(), record.sse);
  if (record.sparse_use)
    record.sparse_use->use_histogram = use_histogram(counts, state.units.epoch_samples());
  return record;
}

std::optional<SparseUse> Recorder::sparse_use(const RunState& state,
                                              std::span<const std::int64_t> counts, Index samples,
                                              double sse) const {
  if (counts.empty() || state.units.empty()) return {};
  SparseUse use;
  use.active_units = mean_active_units(counts, samples);
  use.units = static_cast<Index>(counts.size());
  use.dead_after = dead_after(config_, plan_.shards(state.position.stage).samples());
  use.dead_units = state.units.count_dead(use.dead_after);
  use.unexplained = unexplained_share(sse, data_.variance());
  return use;
}

void Recorder::add_parameters(std::span<const float> parameters, MetricsRecord& record) const {
  // Of a divided dictionary no rank has all atoms.
  if (!record.sparse_use || !communicator_.is_root() || config_.dictionary_shards > 1) return;
  constexpr Index most_atoms = 128;
  const auto cosines = nearest_cosines(network_, parameters.data(), most_atoms);
  if (cosines.empty()) return;
  record.sparse_use->nearest_cosine =
      std::accumulate(cosines.begin(), cosines.end(), 0.0) / static_cast<double>(cosines.size());
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
  if (config_.model.sparsity.on()) record.sent_bytes = communicator_.max(period.sent_bytes);
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
