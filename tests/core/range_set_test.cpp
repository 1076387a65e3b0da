#include "core/range_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace hourglass {
namespace {

TEST(RangeSet, touching_ranges_are_joined) {
  RangeSet set;
  set.add({5, 8});
  set.add({1, 3});
  set.add({3, 5});
  set.add({9, 9});
  ASSERT_EQ(set.ranges().size(), 1U);
  EXPECT_EQ(set.ranges()[0].begin, 1);
  EXPECT_EQ(set.ranges()[0].end, 8);
}

TEST(RangeSet, agrees_with_a_set_of_numbers) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 200; ++trial) {
    RangeSet set;
    std::set<Index> numbers;
    for (int i = 0; i < 8; ++i) {
      const Range range{static_cast<Index>(random() % 30), 0};
      const Range whole{range.begin, range.begin + static_cast<Index>(random() % 6)};
      set.add(whole);
      for (Index n = whole.begin; n < whole.end; ++n) numbers.insert(n);
    }
    const Index begin = static_cast<Index>(random() % 20);
    const Range within{begin, begin + static_cast<Index>(random() % 20)};
    std::set<Index> missing;
    for (Index n = within.begin; n < within.end; ++n) {
      if (!numbers.contains(n)) missing.insert(n);
    }
    std::set<Index> found;
    Index last = -1;
    for (const Range& gap : set.missing(within)) {
      EXPECT_GT(gap.begin, last);
      last = gap.end;
      for (Index n = gap.begin; n < gap.end; ++n) found.insert(n);
    }
    EXPECT_EQ(found, missing);
    EXPECT_EQ(set.count(within), within.size() - static_cast<Index>(missing.size()));
  }
}

}  // namespace
}  // namespace hourglass
