#include "analysis/anomaly.hpp"

#include <gtest/gtest.h>

#include <random>

#include "hourglass/core/error.hpp"
#include "support/one_rank.hpp"

namespace hourglass {
namespace {

TEST(Anomaly, quantiles_are_linear_between_values) {
  const auto world = one_rank();
  const std::vector<double> values = {5, 1, 3, 3, 0};
  EXPECT_EQ(quantile(world, values, 0), 0);
  EXPECT_EQ(quantile(world, values, 1), 5);
  EXPECT_EQ(quantile(world, values, 0.5), 3);
  EXPECT_EQ(quantile(world, values, 0.125), 0.5);
  EXPECT_EQ(quantile(world, {2.5}, 0.7), 2.5);
  EXPECT_EQ(quantile(world, {1e-310, 1e300}, 1), 1e300);
}

TEST(Anomaly, detection_counts_pairs) {
  const std::vector<double> scores = {1, 2, 2, 3, 4};
  const std::vector<std::uint8_t> positive = {0, 0, 1, 1, 0};
  // Pairs: 2 beats 1 and ties with 2; 3 beats both; neither beats 4.
  const Detection found = detection(scores, positive);
  EXPECT_DOUBLE_EQ(found.auroc, 3.5 / 6);
  EXPECT_DOUBLE_EQ(found.average_precision, 0.5 * (1.0 / 2) + 0.5 * (2.0 / 4));
  EXPECT_EQ(found.positives, 2);
  EXPECT_DOUBLE_EQ(detection(std::vector<double>{1, 2}, std::vector<std::uint8_t>{0, 1}).auroc, 1);
  EXPECT_DOUBLE_EQ(detection(std::vector<double>{1, 1}, std::vector<std::uint8_t>{0, 1}).auroc,
                   0.5);
  EXPECT_THROW(
      static_cast<void>(detection(std::vector<double>{1, 1}, std::vector<std::uint8_t>{1, 1})),
      Error);
}

}  // namespace
}  // namespace hourglass
