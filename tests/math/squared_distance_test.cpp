#include "math/squared_distance.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(SquaredDistance, is_summed_in_double) {
  const std::vector<float> a = {3, 0, 1e-6F};
  const std::vector<float> b = {0, 4, 0};
  const auto small = static_cast<double>(1e-6F);
  EXPECT_EQ(squared_distance(a, b), 25.0 + small * small);
  EXPECT_EQ(squared_distance({}, {}), 0.0);
}

}  // namespace
}  // namespace hourglass
