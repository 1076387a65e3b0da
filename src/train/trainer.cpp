#include "train/trainer.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "checkpoint/state_file.hpp"
#include "core/activity.hpp"
#include "engine/arithmetic.hpp"
#include "engine/dictionary_shards.hpp"
#include "engine/inference.hpp"
#include "system/atomic_file.hpp"
#include "train/start_report.hpp"

namespace hourglass {

namespace {

// Null: every rank holds the whole dictionary.
std::unique_ptr<DictionaryShards> divided_dictionary(const Communicator& communicator,
                                                     const TrainConfig& config,
                                                     Autoencoder& model) {
  if (config.dictionary_shards <= 1) return nullptr;
  auto shards = std::make_unique<DictionaryShards>(communicator, config.dictionary_shards,
                                                   model.layout(), model.active_rows());
  // Arenas keep the places of all units; what this rank does not write takes no memory.
  allocate_lazily(true);
  model.share_units(shards.get());
  return shards;
}

// Of micro-batches of every size: a BLAS library may multiply the few samples of a short one by
// another kernel.
void check_divided_dictionary(const Communicator& communicator, const DictionaryShards& shards,
                              const Autoencoder& model, const ShardPlan& plan,
                              const DatasetReader* validation) {
  std::set<Index> sizes = plan.micro_batch_sizes();
  if (validation) {
    if (const Index rest = validation->info().rows() % plan.micro_batch(); rest > 0)
      sizes.insert(rest);
  }
  for (const Index rows : sizes)
    check_divided_products(communicator, rows, model.features(), model.code_size(), shards.units());
}

}  // namespace

Trainer::Trainer(const Communicator& communicator, const TrainConfig& config,
                 std::optional<ResumePoint> resume)
    // In braces, whose order is fixed: what to start from is found before `resume` is moved.
    : Trainer{start_of_run(communicator, config, resume), communicator, std::move(resume)} {}

Trainer::Trainer(const RunStart& start, const Communicator& communicator,
                 std::optional<ResumePoint> resume)
    : communicator_(communicator),
      signals_(stop_signals_from(start.config.reliability.stop_signal)),
      data_(communicator, start.config),
      config_(completed_config(data_, start, resume)),
      model_(config_.model),
      shards_(divided_dictionary(communicator, config_, model_)),
      plan_(config_, model_, data_.training().info().rows()),
      teacher_(start.teacher),
      folder_(resume ? std::move(resume->folder) : RunFolder(config_.output)),
      profile_(communicator, config_, model_),
      stages_(communicator, config_, model_, data_, plan_, profile_, shards_.get()),
      recorder_(communicator, config_, plan_, model_, data_),
      checkpoints_(communicator, config_, folder_, plan_, profile_, data_, stages_),
      supervisor_(communicator, config_.reliability),
      loop_(communicator, config_, plan_, data_, profile_, stages_, state_, recorder_, checkpoints_,
            supervisor_) {
  collectively(communicator_, [&] {
    check_features(data_.training().info(), model_.sample_width());
    plan_.check(stages_.sharing().rank(), stages_.sharing().size());
  });
  prepare_arithmetic(communicator_, config_, model_.layout());
  if (shards_) {
    check_divided_dictionary(communicator_, *shards_, model_, plan_.shards(plan_.layers()),
                             data_.validation());
  }
  data_.prepare(config_, model_.sample_width());
  if (teacher_) {
    collectively(communicator_, [&] { check_teacher(*teacher_, config_, model_); });
    stages_.set_teacher(teacher_.get());
  }
  if (resume && !resume->checkpoint.empty()) {
    checkpoints_.restore(*resume, state_);
  } else {
    stages_.start_from_data();
    if (start.source) {
      take_initial_weights(communicator_, *start.source, model_, data_.identity(),
                           stages_.parameters(), config_);
    }
    stages_.begin(state_.position.stage);
  }
  collectively(communicator_, [&] {
    if (teacher_) check_teacher_input(*teacher_, config_, data_.transform());
    if (!communicator_.is_root()) return;
    profile_.check_trace();
    resume ? folder_.set_aside_newer_than(resume->checkpoint) : folder_.create();
    write_text_atomically(folder_.config_path(), configuration_text(config_));
    recorder_.open_files(folder_, state_.position.step);
  });
}

TrainResult Trainer::run(Index pause_after) {
  loop_.pause_after(pause_after);
  recorder_.begin_report(state_.position.step);
  for (const std::string& line :
       start_report(communicator_, config_, data_, plan_, stages_, recorder_.shows_notes()))
    recorder_.note(line);
  if (const Index samples = checkpoints_.new_samples(); samples > 0) {
    recorder_.note(fmt::format("{} new samples join in epoch {}, which begins with all of them",
                               samples, state_.position.epoch + 1));
  }
  profile_.start();
  stages_.record_phases();
  // A checkpoint's share of a rank: weights, and as many moments as Adam has.
  const Index checkpoint_bytes =
      3 * model_.layout().size() * static_cast<Index>(sizeof(float)) / communicator_.size();
  supervisor_.start(static_cast<double>(checkpoint_bytes), folder_.watchdog_path(), config_.output);
  train_stages();
  return finish();
}

void Trainer::train_stages() {
  const Position& position = state_.position;
  const bool writes_checkpoints = config_.checkpoint_every.count > 0;
  // A run has a checkpoint from its first moment, so that there always is one to name and to go
  // back to; that of an extended run takes the place of the one that knows fewer samples.
  if ((position.step == 0 || checkpoints_.new_samples() > 0) && writes_checkpoints) {
    loop_.checkpoint();
    checkpoints_.finish();
  }
  while (true) {
    recorder_.begin_stage(position.stage);
    loop_.train_stage();
    if (!plan_.is_pretraining(position.stage)) break;
    stages_.advance();
    state_.finish_stage();
  }
  const bool paused = loop_.is_paused();
  if (checkpoints_.step() != position.step && (writes_checkpoints || paused)) loop_.checkpoint();
  checkpoints_.finish();
  if (!paused) checkpoints_.write_model(state_);
}

TrainResult Trainer::finish() {
  activity::enter(Work::ending);
  TrainResult result;
  result.position = state_.position;
  result.paused = loop_.is_paused();
  result.model_path = result.paused ? checkpoints_.last() : folder_.model_path();
  const auto errors = state_.history.validation_errors();
  if (!errors.empty() && data_.validation() != nullptr) result.validation_sse = errors.back();
  result.profile = profile_.finish(stages_.pool());
  collectively(communicator_,
               [&] { result.weights_digest = read_state_file(result.model_path).weights_digest; });
  return result;
}

std::vector<StepTimes> Trainer::run_steps(Index steps) {
  profile_.start_measuring();
  stages_.record_phases();
  return loop_.measure(steps);
}

}  // namespace hourglass
