#include "train/run_plan.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TrainConfig small_config() {
  TrainConfig config;
  config.model.encoder = {10, 6, 4, 2};
  config.batch = 16;
  config.micro_batch = 4;
  config.epochs = 5;
  config.schedule.learning_rate = 0.25;
  return config;
}

TrainConfig pretrained_config() {
  TrainConfig config = small_config();
  config.pretrain.kind = Pretrain::autoencoder;
  config.pretrain.epochs = {2, 0, 3};
  config.pretrain.batch = 8;
  config.pretrain.learning_rate = {0.5};
  return config;
}

// 44 samples: 3 steps of 16 per epoch, 6 of 8.
struct Planned {
  explicit Planned(const TrainConfig& settings, Index samples = 44)
      : config(settings), model(config.model), plan(config, model, samples) {}
  TrainConfig config;
  Autoencoder model;
  RunPlan plan;
};

TEST(RunPlan, without_pretraining_there_is_one_stage) {
  const Planned run(small_config());
  const RunPlan& plan = run.plan;
  EXPECT_EQ(plan.layers(), 0);
  EXPECT_FALSE(plan.is_pretraining(0));
  EXPECT_EQ(plan.shards(0).shards(), 4);
  EXPECT_EQ(plan.epochs(0), 5);
  EXPECT_EQ(plan.updates_per_epoch(0), 3);
  EXPECT_EQ(plan.total_steps(), 15);
  EXPECT_EQ(plan.epoch_number(0, 4), 4U);
  EXPECT_EQ(plan.step_in_stage({0, 2, 1, 7, 0}), 7);
  EXPECT_EQ(plan.base_learning_rate(0), 0.25);
}

TEST(RunPlan, penalty_weights_are_warmed_up_in_the_last_stage) {
  TrainConfig config = pretrained_config();
  config.penalties.l1_warmup = {2, Interval::Unit::epochs};
  config.penalties.beta_warmup = {4, Interval::Unit::steps};
  config.penalties.beta_cycles = 2;
  const Planned run(config);
  const auto factors = [&](Index stage, Index epoch, Index step) {
    return run.plan.penalty_factors({stage, epoch, step, 100, 0});
  };
  EXPECT_EQ(factors(0, 0, 0).l1, 1);
  EXPECT_EQ(factors(0, 0, 0).variational, 1);
  EXPECT_EQ(factors(3, 0, 0).l1, 0);
  EXPECT_EQ(factors(3, 1, 0).l1, 0.5);
  EXPECT_EQ(factors(3, 2, 0).l1, 1);
  EXPECT_EQ(factors(3, 1, 0).variational, 0.75);
  EXPECT_EQ(factors(3, 3, 0).variational, 0.25) << "the second cycle";
  EXPECT_EQ(factors(3, 4, 2).variational, 1);
}

TEST(RunPlan, pretrained_layers_come_first) {
  const Planned run(pretrained_config());
  const RunPlan& plan = run.plan;
  EXPECT_EQ(plan.layers(), 3);
  EXPECT_TRUE(plan.is_pretraining(2));
  EXPECT_FALSE(plan.is_pretraining(3));
  EXPECT_EQ(plan.shards(2).shards(), 2);
  EXPECT_EQ(plan.shards(3).shards(), 4);
  EXPECT_EQ(&plan.shards(0), &plan.shards(2));
  EXPECT_EQ(plan.epochs(0), 2);
  EXPECT_EQ(plan.epochs(1), 0);
  EXPECT_EQ(plan.epochs(3), 5);
  EXPECT_EQ(plan.updates_per_epoch(0), 6);
  EXPECT_EQ(plan.updates_per_epoch(3), 3);
  EXPECT_EQ(plan.total_steps(), 2 * 6 + 3 * 6 + 5 * 3);
  EXPECT_EQ(plan.base_learning_rate(1), 0.5);
  EXPECT_EQ(plan.base_learning_rate(3), 0.25);
}

TEST(RunPlan, every_epoch_of_all_stages_has_its_own_number) {
  const Planned run(pretrained_config());
  std::uint32_t expected = 0;
  for (Index stage = 0; stage <= run.plan.layers(); ++stage) {
    for (Index epoch = 0; epoch < run.plan.epochs(stage); ++epoch)
      EXPECT_EQ(run.plan.epoch_number(stage, epoch), expected++);
  }
  EXPECT_EQ(run.plan.step_in_stage({2, 1, 4, 100, 0}), 10);
}

TEST(RunPlan, an_epoch_of_lbfgs_is_one_update) {
  TrainConfig config = pretrained_config();
  config.optimizer.name = lbfgs_name;
  const Planned run(config);
  EXPECT_EQ(run.plan.updates_per_epoch(3), 1);
  EXPECT_EQ(run.plan.updates_per_epoch(0), 6);
  EXPECT_EQ(run.plan.total_steps(), 2 * 6 + 3 * 6 + 5);
}

TEST(RunPlan, rate_is_scaled_to_the_batch) {
  TrainConfig config = small_config();
  config.schedule.scaling = "linear";
  config.schedule.base_batch = 8;
  const Planned run(config);
  EXPECT_EQ(run.plan.settings(0).schedule.learning_rate, 0.5);
  EXPECT_EQ(run.plan.base_learning_rate(0), 0.25);
}

TEST(RunPlan, refuses_more_ranks_than_shards_of_any_stage) {
  const Planned run(pretrained_config());
  run.plan.check(1, 2);
  expect_error(ErrorKind::usage, "", [&] { run.plan.check(0, 3); });
  const Planned whole(small_config());
  whole.plan.check(2, 3);
  expect_error(ErrorKind::usage, "", [&] { whole.plan.check(0, 5); });
}

TEST(RunPlan, refuses_a_warmup_that_is_longer_than_the_training) {
  TrainConfig config = small_config();
  config.schedule.warmup_epochs = 5;
  Planned(config).plan.check(0, 1);
  config.schedule.warmup_epochs = 6;
  expect_error(ErrorKind::usage, "--warmup-epochs", [&] { Planned(config).plan.check(0, 1); });
}

TEST(RunPlan, knows_what_makes_a_run_depend_on_validation) {
  const auto depends = [](const std::function<void(TrainConfig&)>& change) {
    TrainConfig config = small_config();
    // A schedule of one epoch could not have it: a run must not be refused for that.
    config.schedule.warmup_epochs = 3;
    change(config);
    return Planned(config).plan.depends_on_validation();
  };
  EXPECT_FALSE(depends([](TrainConfig&) {}));
  EXPECT_TRUE(depends([](TrainConfig& c) { c.keep_best = true; }));
  EXPECT_TRUE(depends([](TrainConfig& c) { c.early_stopping = 2; }));
  EXPECT_TRUE(depends([](TrainConfig& c) { c.schedule.name = "plateau"; }));
}

}  // namespace
}  // namespace hourglass
