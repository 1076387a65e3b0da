#include "cli/sweep_winner.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TrainConfig config_of(const std::string& text) {
  TrainConfig config;
  apply_text("data = a.h5:/x\n" + text, "settings", config);
  return config;
}

TEST(SweepWinner, is_trained_on_the_rows_that_were_held_out) {
  const TrainConfig winner = config_of(
      "validation-fraction = 0.2\nkeep-best = true\nearly-stopping = 3\nepochs = 9\n"
      "condition = batch\n");
  check_retraining(winner);
  const TrainConfig config = retraining_config(winner, 5);
  EXPECT_EQ(config.data, "a.h5:/x");
  EXPECT_FALSE(config.reading.views.split.active());
  EXPECT_FALSE(config.keep_best);
  EXPECT_EQ(config.early_stopping, 0);
  EXPECT_EQ(config.epochs, 5);
  EXPECT_EQ(config.condition, winner.condition);
}

TEST(SweepWinner, is_trained_on_training_and_validation_data_joined) {
  const TrainConfig winner = config_of("validation = b.h5,c.h5:/y\n");
  check_retraining(winner);
  const TrainConfig config = retraining_config(winner, 5);
  EXPECT_EQ(config.data, "a.h5:/x,b.h5:/y,c.h5:/y");
  EXPECT_EQ(config.validation, "");
}

TEST(SweepWinner, refuses_what_cannot_be_joined) {
  const auto refused = [](const std::string& text, const std::string& word) {
    expect_error(ErrorKind::usage, word, [&] { check_retraining(config_of(text)); });
  };
  refused("", "give --validation or --validation-fraction");
  refused("validation-fraction = 0.1\nschedule = plateau\n", "--schedule plateau");
  refused("validation = b.h5:/x\ncondition = batch\n", "--condition");
  refused("validation = b.h5:/x\nselect-rows = 0:10\n", "--select-rows");
  refused("validation = b.h5\n", "name the data set in b.h5");
}

}  // namespace
}  // namespace hourglass
