#include "train/checkpoints.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "run/model_file.hpp"
#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::Change;
using train_test::TinyRun;

ResumePoint point_of(const TinyRun& run) {
  return {RunFolder(run.config.output), std::nullopt, run.checkpoints.last(), {}, {}};
}

// Writes a checkpoint in mid-epoch, restores it, and trains both on: they must stay equal.
void expect_that_runs_resume(const Change& change) {
  TinyRun run(Communicator::world(), change);
  run.make_updates(2);
  run.checkpoints.write(run.state);
  run.checkpoints.finish();
  EXPECT_EQ(run.checkpoints.step(), run.state.position.step);
  run.communicator.barrier();

  TinyRun resumed(run, [](TrainConfig&) {});
  ResumePoint point = point_of(run);
  resumed.checkpoints.restore(point, resumed.state);
  EXPECT_EQ(resumed.checkpoints.step(), run.state.position.step);
  EXPECT_EQ(resumed.checkpoints.last(), run.checkpoints.last());
  EXPECT_EQ(resumed.stages.current().is_pretraining(), run.stages.current().is_pretraining());
  for (TinyRun* each : {&run, &resumed}) each->make_updates(1);
  EXPECT_EQ(resumed.state.position.step, run.state.position.step);
  EXPECT_EQ(resumed.state.sums.loss.value(), run.state.sums.loss.value());
  for (TinyRun* each : {&run, &resumed}) each->stages.current().copy_to_network();
  EXPECT_EQ(resumed.parameters(), run.parameters());
}

TEST(Checkpoints, a_run_goes_on_from_one_with_the_same_bits) {
  expect_that_runs_resume([](TrainConfig&) {});
}

TEST(Checkpoints, in_the_background) {
  expect_that_runs_resume([](TrainConfig& config) { config.reliability.checkpoint_async = true; });
}

TEST(Checkpoints, in_pretraining) {
  expect_that_runs_resume([](TrainConfig& config) {
    config.pretrain.kind = Pretrain::denoising;
    config.normalize = Normalize::standardize;
  });
}

TEST(Checkpoints, of_lbfgs) {
  expect_that_runs_resume([](TrainConfig& config) { config.optimizer.name = lbfgs_name; });
}

TEST(Checkpoints, a_parameter_that_is_not_finite_never_gets_into_one) {
  TinyRun run(Communicator::world());
  run.make_updates(1);
  run.checkpoints.write(run.state);
  for (float& value : run.stages.parameters().first(3))
    value = std::numeric_limits<float>::infinity();
  const std::string message = expect_error(ErrorKind::diverged, "encoder/0/weight is not finite",
                                           [&] { run.checkpoints.write(run.state); });
  EXPECT_NE(message.find("step-00000001.h5"), std::string::npos) << message;
}

TEST(Checkpoints, seconds_count_from_the_last_one) {
  TinyRun run(Communicator::world(), [](TrainConfig& config) {
    config.checkpoint_every = {1e-9, Interval::Unit::seconds};
  });
  EXPECT_TRUE(run.checkpoints.interval_has_passed());
  const TinyRun patient(run, [](TrainConfig& config) { config.checkpoint_every.count = 1000; });
  EXPECT_FALSE(patient.checkpoints.interval_has_passed());
  const TinyRun never(run, [](TrainConfig& config) { config.checkpoint_every.count = 0; });
  EXPECT_FALSE(never.checkpoints.interval_has_passed());
  const TinyRun by_steps(
      run, [](TrainConfig& config) { config.checkpoint_every.unit = Interval::Unit::steps; });
  EXPECT_FALSE(by_steps.checkpoints.interval_has_passed());
}

TEST(Checkpoints, the_model_is_that_of_the_best_epoch_if_it_is_kept) {
  TinyRun run(Communicator::world(), [](TrainConfig& config) { config.keep_best = true; });
  MetricsRecord epoch;
  epoch.validation_sse = 1;
  run.state.history.add(epoch);
  run.checkpoints.write_best(run.state);
  const auto best = run.parameters();
  run.make_updates(1);
  epoch.validation_sse = 2;
  run.state.history.add(epoch);
  run.checkpoints.write_model(run.state);
  const auto written = [&] {
    run.communicator.barrier();
    const Model model = load_model(run.folder.model_path());
    run.communicator.barrier();
    return std::vector<float>(model.parameters.span().begin(), model.parameters.span().end());
  };
  EXPECT_EQ(written(), best);
  epoch.validation_sse = 0.5;
  run.state.history.add(epoch);
  run.checkpoints.write_model(run.state);
  EXPECT_EQ(written(), run.parameters());
}

TEST(Checkpoints, a_model_cannot_be_resumed) {
  TinyRun run(Communicator::world());
  run.checkpoints.write_model(run.state);
  run.communicator.barrier();
  TinyRun resumed(run, [](TrainConfig&) {});
  ResumePoint point = point_of(run);
  point.checkpoint = run.folder.model_path();
  expect_error(ErrorKind::data, "is not a checkpoint",
               [&] { resumed.checkpoints.restore(point, resumed.state); });
}

}  // namespace
}  // namespace hourglass
