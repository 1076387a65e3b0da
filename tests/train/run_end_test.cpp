#include "train/run_end.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TrainConfig small_config() {
  TrainConfig config;
  config.model.encoder = {10, 6, 2};
  config.batch = 16;
  config.micro_batch = 4;
  config.pretrain.kind = Pretrain::autoencoder;
  config.pretrain.learning_rate = {0.5};
  config.schedule.learning_rate = 0.25;
  return config;
}

TEST(DivergenceError, names_place_checkpoint_and_remedy) {
  const TrainConfig config = small_config();
  const Autoencoder model(config.model);
  const RunPlan plan(config, model, 44);
  const Error whole = divergence_error(plan, {2, 1, 2, 5, 80}, "the loss is not finite", "c.h5");
  EXPECT_EQ(whole.kind(), ErrorKind::diverged);
  EXPECT_EQ(whole.reach(), Reach::everywhere);
  EXPECT_STREQ(whole.what(),
               "diverged at step 6 (epoch 2): the loss is not finite; last good checkpoint: c.h5; "
               "try a --learning-rate below 0.25 or --clip-norm 1");
  const Error layer = divergence_error(plan, {1, 0, 0, 5, 80}, "x", "");
  EXPECT_STREQ(layer.what(),
               "diverged at step 6 (layer 2 of 2 (6-2), epoch 1): x; last good checkpoint: none; "
               "try a --pretrain-learning-rate below 0.5");
}

TEST(StopError, says_why_and_how_to_continue) {
  const Error asked = stop_error(7, 0, "run/c.h5", "run");
  EXPECT_EQ(asked.kind(), ErrorKind::stopped);
  EXPECT_EQ(asked.reach(), Reach::everywhere);
  EXPECT_STREQ(asked.what(),
               "stopped on request at step 7; checkpoint run/c.h5; continue with: hourglass train "
               "--resume run");
  const std::string late = stop_error(7, 5400, "", "run").what();
  EXPECT_NE(late.find("before the --time-limit of 90m "), std::string::npos) << late;
  EXPECT_NE(late.find("checkpoint none"), std::string::npos) << late;
}

}  // namespace
}  // namespace hourglass
