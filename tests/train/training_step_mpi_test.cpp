#include "train/training_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

StepFlags no_flags() { return {}; }

TEST(TrainingStep, makes_an_update_and_counts_it) {
  TinyRun run(Communicator::world());
  run.begin_epoch();
  const auto before = run.parameters();
  const StepResult& step = run.step.make(no_flags, true);
  EXPECT_TRUE(step.updated);
  EXPECT_EQ(step.divergence, "");
  EXPECT_EQ(step.samples, 16);
  EXPECT_GT(step.loss, 0);
  EXPECT_GT(step.squared_error, 0);
  EXPECT_GT(step.gradient_norm, 0);
  EXPECT_EQ(step.learning_rate, run.config.schedule.learning_rate);
  EXPECT_GE(step.seconds, step.compute_seconds);
  EXPECT_NE(run.parameters(), before);
  EXPECT_EQ(run.state.position.step, 1);
  EXPECT_EQ(run.state.position.samples, 16);
  EXPECT_EQ(run.state.sums.samples, 16);
  EXPECT_EQ(run.state.sums.mean(run.state.sums.loss), step.loss);
}

TEST(TrainingStep, the_result_does_not_depend_on_ranks) {
  TinyRun run(Communicator::world());
  TinyRun alone(Communicator::self());
  for (TinyRun* each : {&run, &alone}) each->make_updates(3);
  EXPECT_EQ(run.parameters(), alone.parameters());
  EXPECT_EQ(run.step.last().loss, alone.step.last().loss);
}

TEST(TrainingStep, the_norm_is_computed_only_where_it_is_wanted) {
  TinyRun run(Communicator::world());
  run.begin_epoch();
  EXPECT_EQ(run.step.make(no_flags, false).gradient_norm, 0);
  const double norm = run.step.make(no_flags, true).gradient_norm;
  EXPECT_GT(norm, 0);
  EXPECT_EQ(run.step.make(no_flags, false).gradient_norm, norm) << "the last one known";
  TinyRun clipped(run, [](TrainConfig& config) { config.clip_norm = 1; });
  clipped.make_updates(1);
  EXPECT_GT(clipped.step.last().gradient_norm, 0);
}

TEST(TrainingStep, flags_reach_every_rank) {
  const Communicator world = Communicator::world();
  TinyRun run(world);
  run.begin_epoch();
  const StepResult& step = run.step.make(
      [&] {
        return StepFlags{world.rank() == world.size() - 1, world.is_root(), false, true};
      },
      false);
  EXPECT_TRUE(step.updated);
  EXPECT_EQ(step.totals.ranks_with(StepFlag::stop), 1);
  EXPECT_EQ(step.totals.ranks_with(StepFlag::checkpoint), 1);
  EXPECT_EQ(step.totals.ranks_with(StepFlag::time), 0);
  EXPECT_EQ(step.totals.ranks_with(StepFlag::written), world.size());
}

TEST(TrainingStep, names_the_parameter_that_is_not_finite) {
  TinyRun run(Communicator::world());
  run.begin_epoch();
  run.stages.parameters()[0] = std::numeric_limits<float>::quiet_NaN();
  const StepResult& step = run.step.make(no_flags, false);
  EXPECT_FALSE(step.updated);
  EXPECT_NE(step.divergence.find("the loss is not finite: encoder/0/weight"), std::string::npos)
      << step.divergence;
  EXPECT_EQ(run.state.position.step, 0);
}

TEST(TrainingStep, a_plateau_lowers_the_rate) {
  TinyRun run(Communicator::world(), [](TrainConfig& config) {
    config.schedule.name = "plateau";
    config.schedule.patience = 2;
    config.schedule.decay_factor = 0.5;
    config.schedule.learning_rate = 0.25;
  });
  MetricsRecord epoch;
  for (const double error : {1.0, 2.0, 3.0}) {
    epoch.validation_sse = error;
    run.state.history.add(epoch);
  }
  run.make_updates(1);
  EXPECT_EQ(run.step.last().learning_rate, 0.125);
}

TEST(TrainingStep, lbfgs_passes_over_all_samples) {
  TinyRun run(Communicator::world(),
              [](TrainConfig& config) { config.optimizer.name = lbfgs_name; });
  run.begin_epoch();
  const StepResult& step = run.step.make(no_flags, false);
  EXPECT_TRUE(step.updated);
  EXPECT_EQ(step.samples % train_test::tiny_rows, 0);
  EXPECT_EQ(step.totals.samples, train_test::tiny_rows);
  EXPECT_GT(step.gradient_norm, 0);
  EXPECT_EQ(run.state.position.step_in_epoch, 1);
}

TEST(TrainingStep, an_interrupted_iteration_leaves_everything_as_it_was) {
  TinyRun run(Communicator::world(),
              [](TrainConfig& config) { config.optimizer.name = lbfgs_name; });
  run.begin_epoch();
  const auto before = run.parameters();
  const StepResult& step = run.step.make([] { return StepFlags{true}; }, false);
  EXPECT_FALSE(step.updated);
  EXPECT_EQ(step.divergence, "");
  EXPECT_GT(step.totals.ranks_with(StepFlag::stop), 0);
  EXPECT_EQ(run.parameters(), before);
  EXPECT_EQ(run.state.position.step, 0);
  EXPECT_EQ(run.state.sums.samples, 0);
}

}  // namespace
}  // namespace hourglass
