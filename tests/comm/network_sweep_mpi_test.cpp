#include "comm/network_sweep.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(SweepAllreduce, covers_the_sizes_with_times_that_all_ranks_share) {
  const auto world = Communicator::world();
  const auto figures = sweep_allreduce(world, 1 << 14);
  ASSERT_EQ(figures.size(), 3U);
  EXPECT_EQ(figures[0].bytes, 1024);
  EXPECT_EQ(figures[2].bytes, 16384);
  for (const NetworkFigure& figure : figures) {
    EXPECT_GT(figure.seconds, 0);
    EXPECT_EQ(figure.seconds, world.max(figure.seconds));
  }
}

TEST(SweepPointToPoint, begins_with_the_latency_and_needs_a_partner) {
  const auto world = Communicator::world();
  const auto figures = sweep_point_to_point(world, 1 << 12);
  if (world.size() == 1) {
    EXPECT_TRUE(figures.empty());
    return;
  }
  ASSERT_EQ(figures.size(), 3U);
  EXPECT_EQ(figures.front().bytes, 4);
  for (const NetworkFigure& figure : figures) EXPECT_GT(figure.seconds, 0);
}

TEST(MeasureExchange, either_reduction) {
  const auto world = Communicator::world();
  for (const bool tree : {true, false}) {
    const NetworkFigure figure = measure_exchange(world, 4096, 4096, 2 * world.size() + 1, tree);
    EXPECT_EQ(figure.bytes, 16384);
    EXPECT_GT(figure.seconds, 0);
  }
}

}  // namespace
}  // namespace hourglass
