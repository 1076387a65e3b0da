#include "core/counted.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(Counted, one_is_singular) {
  EXPECT_EQ(counted(1, "rank"), "1 rank");
  EXPECT_EQ(counted(2, "rank"), "2 ranks");
  EXPECT_EQ(counted(0, "core"), "0 cores");
}

}  // namespace
}  // namespace hourglass
