#include "optim/growing_interval.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(GrowingInterval, is_a_power_of_two_within_the_share_until_the_last_interval) {
  for (const Index share : {1, 4, 16}) {
    for (const Index every : {1, 8, 10, 20}) {
      for (Index step = 1; step < 1000; ++step) {
        Index expected = 1;
        while (2 * expected * share <= step && expected < every) expected *= 2;
        if (expected > every) expected = every;
        ASSERT_EQ(growing_interval(step, share, every), expected) << step;
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
