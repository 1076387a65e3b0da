#include "train/warmup_advice.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TrainConfig with(const Interval& beta, Index cycles = 1) {
  TrainConfig config;
  config.epochs = 10;
  config.penalties.beta_warmup = beta;
  config.penalties.beta_cycles = cycles;
  return config;
}

constexpr auto epochs = Interval::Unit::epochs;
constexpr auto steps = Interval::Unit::steps;

TEST(WarmupAdvice, is_silent_about_warmups_that_end) {
  EXPECT_TRUE(warmup_advice(with({0, epochs}), 20).empty());
  EXPECT_TRUE(warmup_advice(with({9, epochs}), 20).empty());
  EXPECT_TRUE(warmup_advice(with({199, steps}), 20).empty());
  TrainConfig nothing = with({5, epochs});
  nothing.epochs = 0;
  EXPECT_TRUE(warmup_advice(nothing, 20).empty());
}

TEST(WarmupAdvice, names_one_that_ends) {
  for (const TrainConfig& config :
       {with({400, epochs}), with({10, epochs}), with({200, steps}), with({3, epochs}, 4)}) {
    const auto lines = warmup_advice(config, 20);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("200 steps"), std::string::npos) << lines[0];
    const std::size_t place = lines[0].find("use --beta-warmup ");
    ASSERT_NE(place, std::string::npos) << lines[0];
    TrainConfig better = config;
    better.penalties.beta_warmup = parse_warmup("beta-warmup", lines[0].substr(place + 18));
    EXPECT_TRUE(warmup_advice(better, 20).empty()) << lines[0];
  }
}

TEST(WarmupAdvice, speaks_of_each_weight) {
  TrainConfig config = with({400, epochs});
  config.penalties.l1_warmup = {400, steps};
  const auto lines = warmup_advice(config, 20);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[1].find("use --l1-warmup 5epochs"), std::string::npos) << lines[1];
}

}  // namespace
}  // namespace hourglass
