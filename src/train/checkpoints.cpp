#include "train/checkpoints.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "core/activity.hpp"
#include "engine/arithmetic.hpp"
#include "run/count_settings.hpp"
#include "run/feature_weights.hpp"
#include "run/model_file.hpp"
#include "run/model_origin.hpp"
#include "run/table_columns.hpp"
#include "run/version.hpp"
#include "system/atomic_file.hpp"
#include "train/diagnosis.hpp"
#include "train/extension.hpp"
#include "train/resume_checks.hpp"
#include "train/run_end.hpp"
#include "train/run_start.hpp"

namespace hourglass {

bool checkpoint_is_due(const Interval& every, const Position& position, bool requested) {
  const auto count = static_cast<Index>(every.count);
  switch (every.unit) {
    case Interval::Unit::steps:
      return count > 0 && position.step % count == 0;
    case Interval::Unit::epochs:
      return count > 0 && position.step_in_epoch == 0 && position.epoch % count == 0;
    case Interval::Unit::seconds:
      return requested;
  }
  return false;
}

Checkpoints::Checkpoints(const Communicator& communicator, const TrainConfig& config,
                         const RunFolder& folder, const RunPlan& plan, const RunProfile& profile,
                         RunData& data, StageSequence& stages)
    : communicator_(communicator),
      config_(config),
      folder_(folder),
      plan_(plan),
      profile_(profile),
      data_(data),
      stages_(stages),
      writer_(communicator, folder, config.keep, config.reliability.checkpoint_async) {}

void Checkpoints::restore(ResumePoint& point, RunState& state) {
  const std::string& checkpoint = point.checkpoint;
  StateFile file;
  collectively(communicator_, [&] {
    file = point.state ? std::move(*point.state) : open_state_file(checkpoint);
    check_tensors(file, stages_.network().layout());
    check_same_run(file, checkpoint, config_, data_, plan_, point.extend);
    state = RunState::load(file.header, file.path);
    check_epochs_left(plan_, state.position);
    data_.set_transform(load_transform(file.header, config_));
    if (stages_.shards() == nullptr) read_arena(file, "/model", stages_.parameters());
  });
  if (stages_.shards() != nullptr) stages_.shards()->load_parameters(file, stages_.parameters());
  counts_samples_ = has_samples(file.header);
  if (point.extend) extend(file, state);
  stages_.begin(state.position.stage);
  stages_.current().load_optimizer(file);
  writer_.start_from(checkpoint, state.position.step);
}

void Checkpoints::extend(const StateFile& file, RunState& state) {
  Index before = 0;
  collectively(communicator_, [&] { before = samples_of(file, config_, state); });
  if (!extend_run(communicator_, file, config_, data_, before, state)) return;
  new_samples_ = data_.training().info().rows() - before;
  counts_samples_ = true;
}

bool Checkpoints::is_kept(const Position& position) const {
  return position.step > 0 && checkpoint_is_due(config_.keep_every, position, false);
}

bool Checkpoints::interval_has_passed() const {
  const Interval& every = config_.checkpoint_every;
  return every.unit == Interval::Unit::seconds && every.count > 0 &&
         since_last_.seconds() >= every.count;
}

void Checkpoints::write(const RunState& state) {
  // A parameter that became infinite shows in the loss only one step later: never let it into a
  // checkpoint.
  Stage& stage = stages_.stage();
  if (!stage.is_finite()) {
    const std::string tensor = non_finite_tensor(stage.model().layout(), stage.parameters());
    fail_diverged(state.position, fmt::format("{} is not finite",
                                              tensor.empty() ? "a weight of local steps" : tensor));
  }
  StateHeader header = this->header();
  state.store(header);
  std::vector<StoredArena> arenas = stages_.current().stored_optimizer(header);
  arenas.insert(arenas.begin(), stages_.current().stored_parameters());
  writer_.write(state.position.step, header, std::move(arenas), is_kept(state.position));
  since_last_.restart();
}

void Checkpoints::write_model(const RunState& state) {
  if (!config_.keep_best || state.history.validation_errors().empty() ||
      state.history.is_best_epoch())
    return write_weights(folder_.model_path(), state);
  // An earlier epoch was the best: its file exists.
  collectively(communicator_, [&] {
    if (communicator_.is_root()) copy_atomically(folder_.best_path(), folder_.model_path());
  });
}

void Checkpoints::fail_diverged(const Position& position, const std::string& what) {
  writer_.finish();
  throw divergence_error(plan_, position, what, last());
}

StateHeader Checkpoints::header() const {
  StateHeader header;
  header.configuration = to_text(config_);
  header.texts["tool_version"] = version();
  header.texts["blas"] = arithmetic_description(config_.arithmetic);
  header.texts["data_fingerprint"] = data_.fingerprint();
  header.texts["validation_fingerprint"] = data_.validation_fingerprint();
  store_transform(data_.transform(), header);
  store_identity(data_.identity(), header.texts);
  store_missing_means(config_.model.missing_means, header);
  store_feature_weights(config_.model.feature_weights, header);
  store_columns(config_.columns, header);
  store_conditions(config_.model.conditions, header);
  store_target(config_.model.target_features, header);
  store_library(config_.model, header);
  store_origin(config_.origin, header);
  if (counts_samples_) store_samples(data_.training().info().rows(), header);
  if (!config_.transfer.teacher.empty())
    header.texts["teacher_digest"] = config_.transfer.teacher_digest;
  if (const std::string frozen = frozen_note(config_, stages_.network()); !frozen.empty())
    header.texts["frozen"] = frozen;
  return header;
}

void Checkpoints::write_weights(const std::string& path, const RunState& state) {
  const PhaseSpan span(profile_.main(), Phase::checkpoint);
  activity::enter(Work::checkpointing);
  StateHeader header = this->header();
  state.history.store(header);
  const std::vector<StoredArena> arenas{stages_.current().stored_model()};
  write_state_file(communicator_, path, header, arenas);
}

}  // namespace hourglass
