#include "core/row_entries.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(RowEntries, counts_the_elements_of_rows) {
  EXPECT_FALSE(RowEntries().known());
  const RowEntries entries({0, 3, 3, 10, 11});
  EXPECT_TRUE(entries.known());
  EXPECT_EQ(entries.rows(), 4);
  EXPECT_EQ(entries.count({0, 4}), 11);
  EXPECT_EQ(entries.count({1, 3}), 7);
  EXPECT_EQ(entries.count({2, 2}), 0);
}

TEST(RowEntries, knows_the_most_that_some_blocks_have) {
  const RowEntries entries({0, 3, 3, 10, 11, 15});
  // Blocks of rows 0-1, 2-3 and 4.
  EXPECT_EQ(entries.most({0, 5}, 2, 1), 8);
  EXPECT_EQ(entries.most({0, 5}, 2, 2), 12);
  EXPECT_EQ(entries.most({0, 5}, 2, 9), 15);
  EXPECT_EQ(entries.most({1, 3}, Index{1} << 62, 1), 7);
  EXPECT_EQ(entries.most({5, 5}, 2, 3), 0);
}

}  // namespace
}  // namespace hourglass
