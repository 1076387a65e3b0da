#include "math/finite.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace hourglass {
namespace {

TEST(AllFinite, finds_one_bad_value_anywhere) {
  using Limits = std::numeric_limits<float>;
  EXPECT_TRUE(all_finite({}));
  std::vector<float> values(133, -Limits::max());
  values[5] = Limits::denorm_min();
  values[6] = 0;
  EXPECT_TRUE(all_finite(values));
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const float bad :
         {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
      auto changed = values;
      changed[i] = bad;
      EXPECT_FALSE(all_finite(changed)) << i << " " << bad;
    }
  }
}

}  // namespace
}  // namespace hourglass
