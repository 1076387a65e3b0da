#include "config/optimizer_defaults.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace hourglass {
namespace {

TrainConfig configured(const std::string& text) {
  TrainConfig config;
  apply_text(text, "test", config);
  return config;
}

TEST(OptimizerDefaults, follow_the_optimizer_unless_given) {
  EXPECT_EQ(TrainConfig{}.schedule.learning_rate, optimizer_defaults("adam").learning_rate);
  for (const std::string& name : optimizer_names()) {
    const OptimizerDefaults defaults = optimizer_defaults(name);
    const TrainConfig plain = configured("optimizer = " + name);
    EXPECT_EQ(plain.schedule.learning_rate, defaults.learning_rate) << name;
    EXPECT_EQ(plain.optimizer.momentum, defaults.momentum) << name;
    EXPECT_EQ(plain.optimizer.precondition.every, defaults.precondition_every) << name;
    EXPECT_EQ(plain.optimizer.precondition.statistics_every, defaults.statistics_every) << name;
    const std::string intervals = "precondition-every = 5\nstatistics-every = 3\n";
    for (const std::string& text :
         {intervals + "learning-rate = 0.5\nmomentum = 0.25\noptimizer = " + name,
          "optimizer = " + name + "\nmomentum = 0.25\nlearning-rate = 0.5\n" + intervals}) {
      const TrainConfig given = configured(text);
      EXPECT_EQ(given.optimizer.precondition.every, 5);
      EXPECT_EQ(given.optimizer.precondition.statistics_every, 3);
      EXPECT_EQ(given.schedule.learning_rate, 0.5);
      EXPECT_EQ(given.optimizer.momentum, 0.25);
    }
  }
  TrainConfig changed = configured("optimizer = muon");
  apply_text("optimizer = adam", "test", changed);
  EXPECT_EQ(to_text(changed), to_text(TrainConfig{}));
}

TEST(OptimizerDefaults, sgd_takes_small_steps_along_a_sum_over_features) {
  const double of_mean = configured("optimizer = sgd").schedule.learning_rate;
  for (const std::string text :
       {"optimizer = sgd\nloss-reduction = sum", "loss-reduction = sum\noptimizer = sgd",
        "optimizer = sgd\nvariational = true"}) {
    EXPECT_EQ(configured(text).schedule.learning_rate, 1e-3) << text;
    EXPECT_EQ(configured(text + "\nlearning-rate = 0.5").schedule.learning_rate, 0.5);
  }
  EXPECT_GT(of_mean, 1);
}

// What config.cfg and checkpoints hold of earlier versions: all settings, with the old defaults.
TEST(OptimizerDefaults, whole_configurations_keep_what_they_say) {
  TrainConfig old;
  old.optimizer.name = "muon";
  const TrainConfig read = configured(to_text(old));
  EXPECT_EQ(read.schedule.learning_rate, 1e-3);
  EXPECT_EQ(read.optimizer.momentum, 0);
}

}  // namespace
}  // namespace hourglass
