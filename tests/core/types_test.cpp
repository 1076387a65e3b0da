#include "hourglass/core/types.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hourglass {
namespace {

TEST(RoundUp, next_multiple) {
  EXPECT_EQ(round_up(0, 64), 0);
  EXPECT_EQ(round_up(1, 64), 64);
  EXPECT_EQ(round_up(64, 64), 64);
  EXPECT_EQ(round_up(65, 64), 128);
  EXPECT_EQ(round_up(7, 3), 9);
}

TEST(Range, size_and_emptiness) {
  EXPECT_EQ((Range{3, 10}.size()), 7);
  EXPECT_TRUE((Range{3, 3}.empty()));
  EXPECT_FALSE((Range{3, 4}.empty()));
  EXPECT_EQ((Range{1, 2}), (Range{1, 2}));
  EXPECT_NE((Range{1, 2}), (Range{1, 3}));
}

TEST(EvenPart, parts_join_up_and_differ_by_at_most_one) {
  for (const Index total : {0, 1, 5, 64, 1000, 60000}) {
    for (const Index parts : {1, 2, 3, 7, 16, 1000}) {
      Index end = 0;
      Index smallest = total;
      Index largest = 0;
      for (Index part = 0; part < parts; ++part) {
        const Range range = even_part(total, parts, part);
        EXPECT_EQ(range.begin, end);
        end = range.end;
        smallest = std::min(smallest, range.size());
        largest = std::max(largest, range.size());
      }
      EXPECT_EQ(end, total);
      EXPECT_LE(largest - smallest, 1) << total << " in " << parts;
    }
  }
}

TEST(EvenPart, products_beyond_63_bits) {
  constexpr Index total = Index{1} << 60;
  EXPECT_EQ(even_part(total, 1024, 1023), (Range{total - total / 1024, total}));
}

}  // namespace
}  // namespace hourglass
