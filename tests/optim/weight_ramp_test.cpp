#include "optim/weight_ramp.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

std::vector<double> factors(const WeightRamp& ramp, Index count) {
  std::vector<double> result;
  for (Index step = 0; step < count; ++step) result.push_back(ramp.factor(step));
  return result;
}

TEST(WeightRamp, without_steps_the_weight_is_whole) {
  EXPECT_EQ(factors({}, 3), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(factors({0, 5}, 3), (std::vector<double>{1, 1, 1}));
}

TEST(WeightRamp, rises_from_0_to_1_and_stays) {
  EXPECT_EQ(factors({4, 1}, 7), (std::vector<double>{0, 0.25, 0.5, 0.75, 1, 1, 1}));
  EXPECT_EQ((WeightRamp{4, 1}.end()), 4);
}

TEST(WeightRamp, cycles_rise_and_hold_for_as_long) {
  EXPECT_EQ(factors({2, 3}, 14),
            (std::vector<double>{0, 0.5, 1, 1, 0, 0.5, 1, 1, 0, 0.5, 1, 1, 1, 1}));
  EXPECT_EQ((WeightRamp{2, 3}.end()), 10);
}

TEST(WeightRamp, may_be_longer_than_any_training) {
  const WeightRamp ramp{Index{1} << 61, 1000};
  EXPECT_EQ(ramp.end(), Index{1} << 62);
  EXPECT_EQ(ramp.factor(1), 0x1p-61);
  EXPECT_EQ(ramp.factor(Index{1} << 60), 0.5);
}

}  // namespace
}  // namespace hourglass
