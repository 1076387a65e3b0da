#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"
#include "train/checkpoints.hpp"
#include "train/recorder.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_profile.hpp"
#include "train/run_state.hpp"
#include "train/stage_sequence.hpp"
#include "train/supervisor.hpp"
#include "train/training_step.hpp"

namespace hourglass::train_test {

inline constexpr Index tiny_rows = 44;
inline constexpr Index tiny_features = 6;

/// Writes `rows` samples that are the same wherever they are written: values in (0, 1), other ones
/// for another `phase`.
inline std::string write_samples(const std::string& path, Index rows, float phase = 0) {
  std::vector<float> values;
  for (Index i = 0; i < rows * tiny_features; ++i)
    values.push_back(0.5F + 0.4F * std::sin(phase + static_cast<float>(i * i % 37)));
  write_dataset<float>(path, {static_cast<hsize_t>(rows), static_cast<hsize_t>(tiny_features)},
                       values);
  return path + ":/x";
}

/// 3 updates per epoch from 4 shards of 11 samples, so that 4 ranks have one each; the last
/// micro-batch of a shard is short.
inline TrainConfig tiny_config() {
  TrainConfig config;
  config.model.encoder = {tiny_features, 4, 2};
  config.model.activation = Activation::sigmoid;
  config.model.code_activation = Activation::sigmoid;
  config.batch = 16;
  config.micro_batch = 4;
  config.epochs = 3;
  config.shuffle_block = 2;
  config.shuffle_window = 2;
  config.progress = "none";
  config.log_every = 2;
  return config;
}

using Change = std::function<void(TrainConfig&)>;

/// The parts of a run, each built as Trainer does, in a folder that vanishes with the last of them.
/// The first stage is begun. Collective.
class TinyRun {
 public:
  explicit TinyRun(
      const Communicator& world, const Change& change = [](TrainConfig&) {})
      : TinyRun(world, std::make_shared<io_test::SharedFolder>(world), tiny_config(), change) {
    collectively(communicator, [&] {
      if (communicator.is_root()) folder.create();
    });
  }
  /// A run in the same folder, with the settings of `other` changed: what a resumed run is.
  TinyRun(const TinyRun& other, const Change& change)
      : TinyRun(other.communicator, other.files, other.config, change) {}
  TinyRun(const TinyRun&) = delete;
  TinyRun& operator=(const TinyRun&) = delete;
  ~TinyRun() = default;

  /// Begins the epoch in which the state stands.
  void begin_epoch() {
    const Position& position = state.position;
    stages.source().begin_epoch(plan.epoch_number(position.stage, position.epoch),
                                position.step_in_epoch);
  }
  /// Makes updates of the current epoch.
  void make_updates(int count) {
    begin_epoch();
    for (int i = 0; i < count; ++i) step.make([] { return StepFlags{}; }, false);
    stages.stage().complete_parameters();
  }
  [[nodiscard]] std::vector<float> parameters() {
    return {stages.parameters().begin(), stages.parameters().end()};
  }

  Communicator communicator;
  std::shared_ptr<io_test::SharedFolder> files;
  TrainConfig config;
  RunData data;
  Autoencoder model;
  RunPlan plan;
  RunFolder folder;
  RunProfile profile;
  StageSequence stages;
  RunState state;
  Recorder recorder;
  Checkpoints checkpoints;
  Supervisor supervisor;
  TrainingStep step;

 private:
  TinyRun(const Communicator& world, std::shared_ptr<io_test::SharedFolder> shared,
          const TrainConfig& settings, const Change& change)
      : communicator(world),
        files(std::move(shared)),
        config(changed(settings, change)),
        data(world, config),
        model(config.model),
        plan(config, model, data.training().info().rows()),
        folder(config.output),
        profile(world, config, model),
        stages(world, config, model, data, plan, profile),
        recorder(world, config, plan, model, data),
        checkpoints(world, config, folder, plan, profile, data, stages),
        supervisor(world, config.reliability),
        step(world, config, plan, stages, state) {
    data.prepare(config, model.sample_width());
    stages.begin(0);
  }

  // The configuration with its data set, which is written where there is none.
  [[nodiscard]] TrainConfig changed(TrainConfig settings, const Change& change) const {
    if (settings.data.empty()) {
      settings.data = files->file("data.h5") + ":/x";
      settings.output = files->file("run");
      if (communicator.is_root()) write_samples(files->file("data.h5"), tiny_rows);
    }
    change(settings);
    communicator.barrier();
    return settings;
  }
};

}  // namespace hourglass::train_test
