#include "config/dictionary_training.hpp"

#include <gtest/gtest.h>

#include "config/config.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TEST(DeadAfter, is_an_eighth_of_the_samples_within_bounds) {
  TrainConfig config;
  config.batch = 100;
  EXPECT_EQ(dead_after(config, 80'000), 10'000);
  EXPECT_EQ(dead_after(config, 800), 1600);
  EXPECT_EQ(dead_after(config, Index{1} << 40), 10'000'000);
  config.dead_after = 7;
  EXPECT_EQ(dead_after(config, 80'000), 7);
}

TEST(DictionaryTraining, refuses_what_does_not_go_together) {
  TrainConfig config;
  config.model.dictionary = {PreBias::mean, true, true};
  EXPECT_NO_THROW(check_dictionary_training(config));
  config.pretrain.kind = Pretrain::autoencoder;
  expect_error(ErrorKind::usage, "cannot be combined with --pretrain",
               [&] { check_dictionary_training(config); });
  config.pretrain.kind = Pretrain::none;
  config.optimizer.name = "lbfgs";
  expect_error(ErrorKind::usage, "--unit-norm-decoder", [&] { check_dictionary_training(config); });
  config.optimizer.name = "adam";
  config.dead_after = -1;
  expect_error(ErrorKind::usage, "--dead-after", [&] { check_dictionary_training(config); });
}

}  // namespace
}  // namespace hourglass
