#include "train/recorder.hpp"

#include <gtest/gtest.h>

#include "run/metrics_reader.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

TEST(Recorder, records_every_so_many_steps) {
  const TinyRun run(Communicator::world(), [](TrainConfig& config) { config.log_every = 3; });
  EXPECT_FALSE(run.recorder.records_step(2));
  EXPECT_TRUE(run.recorder.records_step(3));
  EXPECT_TRUE(run.recorder.records_step(6));
  const TinyRun silent(run, [](TrainConfig& config) { config.log_every = 0; });
  EXPECT_FALSE(silent.recorder.records_step(3));
}

TEST(Recorder, a_step_record_tells_of_the_step_and_its_slowest_rank) {
  const Communicator world = Communicator::world();
  TinyRun run(world);
  run.make_updates(2);
  RecordPeriod period;
  period.add(run.step.last());
  EXPECT_EQ(period.samples, 16);
  period.compute = 1 + world.rank();
  period.verify = world.rank() == 0 ? 3 : 2;
  const MetricsRecord record = run.recorder.step_record(run.state, run.step.last(), period);
  EXPECT_EQ(record.kind, "step");
  EXPECT_EQ(record.phase, "train");
  EXPECT_FALSE(record.layer.has_value());
  EXPECT_EQ(record.epoch, 1);
  EXPECT_EQ(record.step, 2);
  EXPECT_EQ(record.loss, run.step.last().loss);
  EXPECT_EQ(record.sse, run.step.last().squared_error);
  EXPECT_EQ(record.learning_rate, run.config.schedule.learning_rate);
  EXPECT_EQ(record.seconds_compute, world.size());
  EXPECT_EQ(record.seconds_verify, 3);
  EXPECT_GT(record.samples_per_second, 0);
  EXPECT_GT(record.resident_bytes, 0);
}

TEST(Recorder, an_epoch_record_has_the_means_of_its_samples) {
  TinyRun run(Communicator::world());
  run.make_updates(3);
  const MetricsRecord record = run.recorder.epoch_record(run.state, run.step.last(), {});
  EXPECT_EQ(record.kind, "epoch");
  EXPECT_EQ(record.epoch, 1);
  EXPECT_EQ(record.step, 3);
  EXPECT_EQ(record.loss, run.state.sums.loss.value() / train_test::tiny_rows);
  EXPECT_EQ(record.sse, run.state.sums.squared_error.value() / train_test::tiny_rows);
  EXPECT_FALSE(record.validation_sse.has_value());
}

TEST(Recorder, records_of_pretraining_name_the_layer) {
  TinyRun run(Communicator::world(),
              [](TrainConfig& config) { config.pretrain.kind = Pretrain::autoencoder; });
  run.state.position = {1, 2, 0, 20, 0};
  const MetricsRecord record = run.recorder.step_record(run.state, run.step.last(), {});
  EXPECT_EQ(record.phase, "pretrain");
  EXPECT_EQ(record.layer, 2);
  EXPECT_EQ(record.epoch, 3);
}

TEST(Recorder, writes_the_files_of_the_run_once) {
  const Communicator world = Communicator::world();
  TinyRun run(world, [](TrainConfig& config) { config.tensorboard = true; });
  if (world.is_root()) run.recorder.open_files(run.folder, 0);
  run.make_updates(1);
  MetricsRecord record = run.recorder.step_record(run.state, run.step.last(), {});
  run.recorder.write(record, run.stages.parameters());
  record.layer = 1;
  run.recorder.write(record, run.stages.parameters());
  world.barrier();
  const auto records = read_metrics(run.folder.metrics_path());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].loss, record.loss);
  EXPECT_EQ(records[1].layer, 1);
  EXPECT_TRUE(std::filesystem::is_directory(run.folder.tensorboard_path()));
  world.barrier();
  // A run that goes on from before this update repeats it.
  TinyRun resumed(run, [](TrainConfig&) {});
  if (world.is_root()) {
    resumed.recorder.open_files(resumed.folder, 0);
    EXPECT_TRUE(read_metrics(run.folder.metrics_path()).empty());
  }
}

TEST(Recorder, notes_are_shown_on_one_rank_and_only_when_wanted) {
  const Communicator world = Communicator::world();
  TinyRun run(world);
  run.recorder.begin_report(0);
  EXPECT_FALSE(run.recorder.shows_notes());
  TinyRun talking(run, [](TrainConfig& config) { config.progress = "plain"; });
  EXPECT_FALSE(talking.recorder.shows_notes()) << "before the report";
  talking.recorder.begin_report(0);
  EXPECT_EQ(talking.recorder.shows_notes(), world.is_root());
}

}  // namespace
}  // namespace hourglass
