#include "hdf5/row_steps.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(RowSteps, are_rows_by_default) {
  const RowSteps steps;
  EXPECT_EQ(steps.length(), 1);
  EXPECT_EQ(steps.first(7), 7);
  EXPECT_EQ(steps.of({3, 8}), (Range{3, 8}));
}

TEST(RowSteps, begin_anew_in_each_series) {
  // Windows of 4 by 2: three in the first series, which needs 8 steps, then two in 6.
  const RowSteps steps(4, 2, {{0, 0}, {3, 8}});
  EXPECT_EQ(steps.first(2), 4);
  EXPECT_EQ(steps.first(3), 8);
  EXPECT_EQ(steps.of({1, 5}), (Range{2, 14}));
}

}  // namespace
}  // namespace hourglass
