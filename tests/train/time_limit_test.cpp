#include "train/time_limit.hpp"

#include <gtest/gtest.h>

#include "core/process.hpp"

namespace hourglass {
namespace {

TEST(TimeLimit, without_a_limit_is_never_reached) { EXPECT_FALSE(TimeLimit(0, 1e15).reached()); }

TEST(TimeLimit, counts_from_the_start_of_the_process_and_keeps_room_for_a_checkpoint) {
  const double age = process_age();
  EXPECT_FALSE(TimeLimit(age + 1000, 0).reached());
  EXPECT_TRUE(TimeLimit(age + 0.5, 0).reached()) << "a second is kept in any case";
  TimeLimit limit(age + 1000, 1e15);
  EXPECT_TRUE(limit.reached()) << "a checkpoint of a petabyte takes longer";
  limit.checkpoint_took(2);
  EXPECT_FALSE(limit.reached()) << "a measured duration replaces the guess";
  EXPECT_GE(limit.reserve(), 5.0);
  EXPECT_LT(limit.reserve(), 10.0);
  limit.checkpoint_took(600);
  EXPECT_TRUE(limit.reached());
}

}  // namespace
}  // namespace hourglass
