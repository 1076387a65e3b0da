#include "train/checkpoints.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

// What is due at update `step`, in an epoch of 4.
bool due(const Interval& every, Index step, bool requested = false) {
  return checkpoint_is_due(every, {0, step / 4, step % 4, step, 0}, requested);
}

TEST(CheckpointIsDue, every_so_many_steps) {
  const Interval every{3, Interval::Unit::steps};
  EXPECT_FALSE(due(every, 1));
  EXPECT_TRUE(due(every, 3));
  EXPECT_FALSE(due(every, 4));
  EXPECT_TRUE(due(every, 6));
}

TEST(CheckpointIsDue, every_so_many_epochs) {
  const Interval every{2, Interval::Unit::epochs};
  EXPECT_FALSE(due(every, 4));
  EXPECT_TRUE(due(every, 8));
  EXPECT_FALSE(due(every, 9));
  EXPECT_TRUE(due(every, 16));
}

TEST(CheckpointIsDue, every_so_many_seconds_when_the_ranks_have_agreed) {
  const Interval every{60, Interval::Unit::seconds};
  EXPECT_FALSE(due(every, 8));
  EXPECT_TRUE(due(every, 7, true));
}

TEST(CheckpointIsDue, never_without_an_interval) {
  for (const auto unit : {Interval::Unit::steps, Interval::Unit::epochs}) {
    for (Index step = 1; step < 10; ++step) EXPECT_FALSE(due({0, unit}, step, true));
  }
}

}  // namespace
}  // namespace hourglass
