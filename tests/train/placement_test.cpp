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

TEST(PlacementAdvice, proposes_only_what_the_node_can_do) {
  const auto advice = [](std::vector<int> cpus, Index threads, Index online, std::size_t ranks) {
    const std::vector<RankPlacement> all(ranks, {"a", std::move(cpus), threads, online});
    const auto lines = placement_advice(all);
    return lines.empty() ? "" : lines.front().substr(lines.front().find(": use ") + 2);
  };
  EXPECT_EQ(advice({0}, 2, 4, 1),
            "use --threads 1, or bind more cores: mpirun --map-by slot:PE=2, or mpirun --bind-to "
            "none");
  EXPECT_EQ(advice({0, 1}, 4, 2, 1), "use --threads 2") << "no binding has four cores";
  EXPECT_EQ(advice({0, 1}, 4, 4, 2), "use --threads 1") << "nor has one eight";
  EXPECT_EQ(advice({0}, 1, 4, 3), "use mpirun --bind-to core, or mpirun --bind-to none");
  EXPECT_EQ(advice({0, 1}, 2, 4, 2), "use mpirun --map-by slot:PE=2, or mpirun --bind-to none");
  const std::string yield =
      ", or let ranks that share cores yield: mpirun --bind-to none --mca mpi_yield_when_idle 1";
  EXPECT_EQ(advice({0, 1}, 1, 2, 3), "use at most 2 ranks per node" + yield);
  EXPECT_EQ(advice({0, 1}, 2, 2, 2), "use --threads 1, or at most 1 rank per node" + yield);
}

TEST(PlacementAdvice, is_not_repeated_to_those_who_followed_it) {
  const RankPlacement rank = {"a", {0, 1}, 1, 2, true};
  EXPECT_TRUE(placement_advice({rank, rank, rank}).empty());
}

TEST(PlacementHere, knows_the_host_and_some_core) {
  const RankPlacement here = placement_here(3);
  EXPECT_FALSE(here.host.empty());
  EXPECT_GE(here.cpus.size(), 1U);
  EXPECT_EQ(here.threads, 3);
}

}  // namespace
}  // namespace hourglass
