#include "core/timer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace hourglass {
namespace {

TEST(Timer, measures_seconds_since_construction_or_restart) {
  Timer timer;
  EXPECT_GE(timer.seconds(), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double first = timer.seconds();
  EXPECT_GE(first, 0.02);
  EXPECT_GE(timer.seconds(), first);
  const Timer other;
  timer.restart();
  const double restarted = timer.seconds();
  EXPECT_LE(restarted, other.seconds());
}

}  // namespace
}  // namespace hourglass
