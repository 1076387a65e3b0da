#include "core/median.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(MedianOf, odd_and_even) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 3, 2}), 2.5);
  EXPECT_THROW(static_cast<void>(median_of({})), Error);
}

TEST(EstimateMedian, few_values_span_the_interval_with_its_true_confidence) {
  const MedianEstimate five = estimate_median({5, 1, 4, 2, 3});
  EXPECT_EQ(five.low, 1);
  EXPECT_EQ(five.high, 5);
  EXPECT_DOUBLE_EQ(five.confidence, 0.9375);
  EXPECT_EQ(estimate_median({7}).confidence, 0);
  EXPECT_DOUBLE_EQ(estimate_median({1, 2}).confidence, 0.5);
}

TEST(EstimateMedian, nine_values_drop_one_at_each_end) {
  // 1 - 2 (1 + 9) / 2^9 = 0.961 and one further out 1 - 2 (1 + 9 + 36) / 2^9 = 0.82.
  const MedianEstimate nine = estimate_median({9, 8, 7, 6, 5, 4, 3, 2, 1});
  EXPECT_EQ(nine.median, 5);
  EXPECT_EQ(nine.low, 2);
  EXPECT_EQ(nine.high, 8);
  EXPECT_NEAR(nine.confidence, 0.9609375, 1e-12);
}

}  // namespace
}  // namespace hourglass
