#include "train/step_loop.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <limits>

#include "run/metrics_reader.hpp"
#include "support/expect_error.hpp"
#include "system/stop_signal.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::Change;
using train_test::TinyRun;
using train_test::write_samples;

// A run with its loop, its files open.
struct LoopedRun {
  explicit LoopedRun(const Change& change = [](TrainConfig&) {})
      : run(Communicator::world(), change),
        loop(run.communicator, run.config, run.plan, run.data, run.profile, run.stages, run.state,
             run.recorder, run.checkpoints, run.supervisor) {
    if (run.communicator.is_root()) run.recorder.open_files(run.folder, 0);
  }

  // On rank 0; empty elsewhere.
  [[nodiscard]] std::vector<MetricsRecord> records() const {
    run.communicator.barrier();
    return run.communicator.is_root() ? read_metrics(run.folder.metrics_path())
                                      : std::vector<MetricsRecord>();
  }

  StopSignal signals;  // forgets those of other tests
  TinyRun run;
  StepLoop loop;
};

TEST(StepLoop, trains_a_stage_to_its_end) {
  LoopedRun looped;
  TinyRun& run = looped.run;
  looped.loop.train_stage();
  EXPECT_EQ(run.state.position.epoch, 3);
  EXPECT_EQ(run.state.position.step, 9);
  EXPECT_EQ(run.state.position.samples, 3 * train_test::tiny_rows);
  EXPECT_EQ(run.state.sums.samples, 0);
  EXPECT_EQ(run.checkpoints.step(), 9);
  if (!run.communicator.is_root()) return;
  std::vector<Index> steps;
  std::vector<Index> epochs;
  for (const MetricsRecord& record : read_metrics(run.folder.metrics_path()))
    (record.kind == "step" ? steps : epochs).push_back(record.step);
  EXPECT_EQ(steps, (std::vector<Index>{2, 4, 6, 8}));
  EXPECT_EQ(epochs, (std::vector<Index>{3, 6, 9}));
}

TEST(StepLoop, a_stage_of_no_epochs_is_over_at_once) {
  LoopedRun looped([](TrainConfig& config) { config.epochs = 0; });
  looped.loop.train_stage();
  EXPECT_EQ(looped.run.state.position.step, 0);
}

TEST(StepLoop, stops_early_when_the_validation_error_no_longer_falls) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  if (world.is_root()) write_samples(folder.file("v.h5"), 9);
  world.barrier();
  LoopedRun looped([&](TrainConfig& config) {
    config.validation = folder.file("v.h5") + ":/x";
    config.early_stopping = 2;
    config.keep_best = true;
    config.epochs = 50;
    config.schedule.learning_rate = 1e-30;  // changes nothing: no later epoch is better
  });
  looped.loop.train_stage();
  const RunState& state = looped.run.state;
  EXPECT_EQ(state.position.epoch, 3);
  EXPECT_EQ(state.history.epochs_since_best(), 2);
  EXPECT_GT(state.history.validation_errors()[0], 0);
  EXPECT_TRUE(std::filesystem::exists(looped.run.folder.best_path()));
}

TEST(StepLoop, a_signal_stops_with_a_checkpoint) {
  LoopedRun looped;
  TinyRun& run = looped.run;
  if (run.communicator.rank() == run.communicator.size() - 1) std::raise(SIGUSR1);
  const std::string message = expect_error(ErrorKind::stopped, "stopped on request at step 1",
                                           [&] { looped.loop.train_stage(); });
  EXPECT_NE(message.find(run.folder.checkpoint_path(1)), std::string::npos) << message;
  EXPECT_EQ(run.checkpoints.last(), run.folder.checkpoint_path(1));
  EXPECT_EQ(run.state.position.step, 1);
}

TEST(StepLoop, a_run_that_diverges_names_its_last_checkpoint) {
  LoopedRun looped;
  TinyRun& run = looped.run;
  looped.loop.checkpoint();
  run.stages.parameters()[0] = std::numeric_limits<float>::quiet_NaN();
  const std::string message =
      expect_error(ErrorKind::diverged, "diverged at step 1", [&] { looped.loop.train_stage(); });
  EXPECT_NE(message.find(run.folder.checkpoint_path(0)), std::string::npos) << message;
}

TEST(StepLoop, checkpoints_in_the_background_are_complete_after_the_stage) {
  LoopedRun looped([](TrainConfig& config) {
    config.reliability.checkpoint_async = true;
    config.reliability.verify_every = 2;
    config.checkpoint_every = {2, Interval::Unit::steps};
  });
  looped.loop.train_stage();
  looped.run.checkpoints.finish();
  EXPECT_EQ(looped.run.checkpoints.last(), looped.run.folder.checkpoint_path(8));
}

TEST(StepLoop, measures_updates_and_nothing_else) {
  LoopedRun looped;
  TinyRun& run = looped.run;
  run.profile.start_measuring();
  run.stages.record_phases();
  const auto times = looped.loop.measure(7);
  ASSERT_EQ(times.size(), 7U);
  EXPECT_EQ(run.state.position.step, 7);
  EXPECT_EQ(run.state.position.epoch, 2);
  EXPECT_EQ(run.checkpoints.step(), -1);
  EXPECT_TRUE(looped.records().empty());
  for (const StepTimes& step : times) {
    EXPECT_GT(step.of(Phase::forward), 0);
    EXPECT_GE(step.total, step.of(Phase::forward) + step.of(Phase::update));
    EXPECT_EQ(step.of(Phase::checkpoint), 0);
  }
}

}  // namespace
}  // namespace hourglass
