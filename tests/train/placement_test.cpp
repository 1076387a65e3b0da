#include "train/placement.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(PlacementAdvice, none_where_every_worker_has_a_core) {
  EXPECT_TRUE(placement_advice({{"a", {0, 1}, 1}, {"a", {0, 1}, 1}}).empty());
  EXPECT_TRUE(placement_advice({{"a", {0}, 1}, {"a", {1}, 1}, {"b", {0}, 1}}).empty());
  EXPECT_TRUE(placement_advice({{"a", {}, 8}}).empty()) << "unknown masks give no advice";
}

TEST(PlacementAdvice, a_rank_bound_to_fewer_cores_than_threads) {
  const auto advice = placement_advice({{"a", {0, 1, 2, 3}, 4}, {"a", {4}, 4}});
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_NE(advice[0].find("rank 1"), std::string::npos);
  EXPECT_NE(advice[0].find("PE=4"), std::string::npos);
}

TEST(PlacementAdvice, more_workers_than_cores) {
  const auto advice = placement_advice(
      {{"a", {0, 1}, 2}, {"a", {0, 1}, 2}, {"a", {0, 1}, 2}, {"a", {1, 0}, 100000}});
  ASSERT_EQ(advice.size(), 1U);
  const auto shared = placement_advice({{"b", {0, 1}, 1}, {"b", {0, 1}, 1}, {"b", {1}, 1}});
  ASSERT_EQ(shared.size(), 1U);
  EXPECT_NE(shared[0].find("3 workers for 2 cores"), std::string::npos);
}

TEST(PlacementHere, knows_the_host_and_some_core) {
  const RankPlacement here = placement_here(3);
  EXPECT_FALSE(here.host.empty());
  EXPECT_GE(here.cpus.size(), 1U);
  EXPECT_EQ(here.threads, 3);
}

}  // namespace
}  // namespace hourglass
