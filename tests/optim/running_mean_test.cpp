#include "optim/running_mean.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hourglass {
namespace {

TEST(RunningMean, equals_the_formula) {
  for (const double beta : {0.0, 0.3, 0.5, 0.9, 0.999}) {
    const RunningMean average(beta);
    for (const float mean : {-2.0F, 0.0F, 1.5F}) {
      for (const float value : {-1.0F, 0.25F, 1.5F}) {
        const double expected =
            beta * static_cast<double>(mean) + (1 - beta) * static_cast<double>(value);
        EXPECT_NEAR(average(mean, value), expected, 3e-7) << beta;
      }
    }
  }
}

TEST(RunningMean, of_a_constant_stays_it_exactly) {
  for (const double beta : {0.3, 0.9, 0.9999999}) {
    const RunningMean average(beta);
    EXPECT_EQ(average(0.1F, 0.1F), 0.1F);
  }
}

TEST(RunningMean, overflow_becomes_visible) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isnan(RunningMean(0.9)(infinity, infinity)));
}

TEST(RunningMean, flushes_subnormal_results) {
  const float small = std::numeric_limits<float>::min();
  EXPECT_EQ(RunningMean(0.5)(small, 0.0F), 0.0F);
}

TEST(FlushSubnormal, changes_subnormal_numbers_alone) {
  const float least = std::numeric_limits<float>::min();
  EXPECT_EQ(flush_subnormal(least), least);
  EXPECT_EQ(flush_subnormal(-least), -least);
  EXPECT_EQ(flush_subnormal(least / 2), 0.0F);
  EXPECT_EQ(flush_subnormal(-std::numeric_limits<float>::denorm_min()), 0.0F);
  EXPECT_TRUE(std::isnan(flush_subnormal(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(flush_subnormal(3.5F), 3.5F);
}

}  // namespace
}  // namespace hourglass
