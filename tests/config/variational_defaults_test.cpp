#include "config/variational_defaults.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace hourglass {
namespace {

TrainConfig configured(const std::vector<std::string>& lines) {
  TrainConfig config;
  for (const std::string& line : lines) apply_text(line, "test", config);
  return config;
}

std::string value(const TrainConfig& config, const char* name) {
  return find_setting(name).get(config);
}

TEST(VariationalDefaults, are_those_that_train) {
  const TrainConfig plain;
  EXPECT_EQ(value(plain, "loss-reduction"), "mean");
  EXPECT_EQ(value(plain, "beta-warmup"), "0");
  // In any order.
  const std::vector<std::string> lines = {"variational = true", "epochs = 8"};
  for (const auto& order : {lines, std::vector<std::string>{lines[1], lines[0]}}) {
    const TrainConfig config = configured(order);
    EXPECT_EQ(value(config, "loss-reduction"), "sum");
    EXPECT_EQ(value(config, "beta-warmup"), "4epochs");
  }
  EXPECT_EQ(value(configured({"variational = true", "epochs = 500"}), "beta-warmup"), "10epochs");
  EXPECT_EQ(value(configured({"variational = true", "epochs = 1"}), "beta-warmup"), "0");
  const TrainConfig undone = configured({"variational = true", "variational = false"});
  EXPECT_EQ(to_text(undone), to_text(plain));
}

TEST(VariationalDefaults, settings_that_are_given_stay) {
  for (const bool first : {true, false}) {
    const auto with = [&](const std::string& line) {
      return first ? configured({line, "variational = true"})
                   : configured({"variational = true", line});
    };
    EXPECT_EQ(value(with("loss-reduction = mean"), "loss-reduction"), "mean");
    EXPECT_EQ(value(with("loss-reduction = mean"), "beta-warmup"), "5epochs");
    EXPECT_EQ(value(with("beta = 1"), "beta-warmup"), "0");
    EXPECT_EQ(value(with("beta-warmup = 3steps"), "beta-warmup"), "3steps");
    EXPECT_EQ(value(with("beta-warmup = 0"), "beta-warmup"), "0");
    EXPECT_EQ(value(with("optimizer = lbfgs"), "beta-warmup"), "0");
  }
}

TEST(VariationalDefaults, files_of_whole_configurations_keep_what_they_say) {
  // As a version without warm-ups wrote them.
  const TrainConfig old = configured({"loss-reduction = mean", "beta = 1", "variational = true"});
  EXPECT_EQ(value(old, "loss-reduction"), "mean");
  EXPECT_EQ(value(old, "beta-warmup"), "0");
  TrainConfig config = configured({"variational = true", "epochs = 8"});
  TrainConfig again;
  apply_text(to_text(config), "test", again);
  apply_text("epochs = 100", "test", again);
  EXPECT_EQ(value(again, "beta-warmup"), "4epochs") << "a resumed run with more epochs";
}

TEST(VariationalDefaults, standard_warmup_is_half_of_the_epochs_at_most_10) {
  EXPECT_EQ(standard_beta_warmup(0).count, 0);
  EXPECT_EQ(standard_beta_warmup(7).count, 3);
  EXPECT_EQ(standard_beta_warmup(20).count, 10);
  EXPECT_EQ(standard_beta_warmup(1000).count, 10);
}

}  // namespace
}  // namespace hourglass
