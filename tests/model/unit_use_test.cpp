#include "model/unit_use.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(UnitUse, counts_values_other_than_zero) {
  const std::vector<float> codes = {0, 1, -2, 0, 3, 0, 0, 0, 4};
  UnitUse use(3);
  use.add(ConstMatrix(codes.data(), 3, 3));
  EXPECT_EQ((std::vector<std::int64_t>(use.counts().begin(), use.counts().end())),
            (std::vector<std::int64_t>{0, 2, 2}));
  use.add(Index{0});
  UnitUse sum;
  EXPECT_TRUE(sum.empty());
  sum.add(use);
  sum.add(use);
  EXPECT_EQ(sum.counts()[0], 2);
  EXPECT_EQ(sum.counts()[2], 4);
  sum.clear();
  EXPECT_EQ(sum.counts()[2], 0);
  EXPECT_EQ(mean_active_units(use.counts(), 3), 5.0 / 3);
}

TEST(UnitUse, sums_of_packed_words_are_the_words_of_the_sum) {
  for (const Index units : {1, 2, 5}) {
    UnitUse one(units);
    UnitUse other(units);
    for (Index j = 0; j < units; ++j) {
      for (Index i = 0; i < 3 * j; ++i) one.add(j);
      for (Index i = 0; i < 7; ++i) other.add(j);
    }
    std::vector<std::int64_t> words(UnitUse::word_count(units));
    std::vector<std::int64_t> more(words.size());
    one.pack(words);
    other.pack(more);
    for (std::size_t w = 0; w < words.size(); ++w) words[w] += more[w];
    UnitUse sum(units);
    sum.unpack(words);
    for (Index j = 0; j < units; ++j)
      EXPECT_EQ(sum.counts()[static_cast<std::size_t>(j)], 3 * j + 7);
  }
}

TEST(UnitUse, large_counts_stay_apart) {
  UnitUse use(2);
  use.unpack(std::vector<std::int64_t>{(std::int64_t{0x7fffffff} << 32) | 0xfffffffe});
  EXPECT_EQ(use.counts()[0], 0xfffffffe);
  EXPECT_EQ(use.counts()[1], 0x7fffffff);
}

TEST(UseHistogram, has_a_bin_for_each_decade) {
  const std::vector<std::int64_t> counts = {0,    1,     9,      10,      999,
                                            1000, 99999, 100000, 1000000, 9999999};
  const auto bins = use_histogram(counts, 10'000'000);
  // Below 1e-6 are 1 and 9; 10 is 1e-6 exactly.
  EXPECT_EQ(bins, (std::vector<std::int64_t>{1, 2, 1, 1, 1, 1, 1, 2}));
  EXPECT_EQ(use_bin_name(0), "never");
  EXPECT_EQ(use_bin_name(use_bins - 1), "0.1 and more");
}

}  // namespace
}  // namespace hourglass
