// The largest values of a batch in parts against sorting all of them.
#include "nn/batch_selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

namespace hourglass {
namespace {

constexpr Index units = 37;

struct Listed {
  float value;
  Index part;
  Index row;
  Index unit;
};

// Parts of different numbers of rows, values of which some are equal.
struct Batch {
  Batch(Index parts, bool ties, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> few(-2, 3);
    for (Index part = 0; part < parts; ++part) {
      auto& z = products.emplace_back(static_cast<std::size_t>((part % 4) * 3 * units));
      for (float& value : z) value = ties ? static_cast<float>(few(random)) : normal(random);
    }
    bias.assign(units, 0.5F);
  }
  [[nodiscard]] std::vector<SparseCode> candidates(Index count) const {
    std::vector<SparseCode> codes(products.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const Index rows = static_cast<Index>(products[i].size()) / units;
      select_candidates(ConstMatrix(products[i].data(), rows, units), bias, count, codes[i]);
    }
    return codes;
  }
  [[nodiscard]] std::vector<Listed> sorted(Index count) const {
    std::vector<Listed> all;
    for (std::size_t part = 0; part < products.size(); ++part) {
      for (std::size_t i = 0; i < products[part].size(); ++i) {
        const auto place = static_cast<Index>(i);
        if (products[part][i] + 0.5F > 0)
          all.push_back(
              {products[part][i] + 0.5F, static_cast<Index>(part), place / units, place % units});
      }
    }
    std::ranges::stable_sort(all, [](auto& a, auto& b) { return a.value > b.value; });
    all.resize(std::min(all.size(), static_cast<std::size_t>(count)));
    return all;
  }
  std::vector<std::vector<float>> products;
  std::vector<float> bias;
};

std::vector<std::tuple<Index, Index, Index, float>> listed(const std::vector<SparseCode>& codes) {
  std::vector<std::tuple<Index, Index, Index, float>> all;
  for (std::size_t part = 0; part < codes.size(); ++part) {
    const SparseRows rows = codes[part].view();
    for (Index r = 0; r < codes[part].rows(); ++r) {
      for (std::size_t e = 0; e < rows.columns_of(r).size(); ++e)
        all.emplace_back(static_cast<Index>(part), r, rows.columns_of(r)[e], rows.values_of(r)[e]);
    }
  }
  return all;
}

TEST(BatchSelection, equals_sorting_the_batch) {
  for (const bool ties : {false, true}) {
    for (const Index parts : {1, 2, 5, 9}) {
      const Batch batch(parts, ties, static_cast<unsigned>(parts));
      for (const Index count : {1, 3, 40, 200, 5000}) {
        std::vector<SparseCode> codes = batch.candidates(count);
        std::vector<BatchPart> own;
        for (std::size_t i = 0; i < codes.size(); ++i)
          own.push_back({static_cast<Index>(i), &codes[i]});
        const float smallest = keep_largest(own, parts, count, [](std::span<std::int64_t>) {});
        std::vector<Listed> expected = batch.sorted(count);
        EXPECT_EQ(smallest, expected.empty() ? 0 : expected.back().value);
        std::vector<std::tuple<Index, Index, Index, float>> places;
        for (const Listed& item : expected)
          places.emplace_back(item.part, item.row, item.unit, item.value);
        std::ranges::sort(places);
        EXPECT_EQ(listed(codes), places) << parts << " parts, " << count;
      }
    }
  }
}

// Ranks hold parts of their own: the sums of their counts decide.
TEST(BatchSelection, ranks_select_together) {
  const Batch batch(6, true, 3);
  constexpr Index count = 60;
  std::vector<SparseCode> alone = batch.candidates(count);
  std::vector<SparseCode> shared = batch.candidates(count);
  std::vector<BatchPart> all;
  for (std::size_t i = 0; i < alone.size(); ++i) all.push_back({static_cast<Index>(i), &alone[i]});
  keep_largest(all, 6, count, [](std::span<std::int64_t>) {});
  // The other rank's counts, recorded by running it first with the sums that it will see.
  std::vector<std::vector<std::int64_t>> sums;
  {
    std::vector<SparseCode> codes = batch.candidates(count);
    std::vector<BatchPart> own;
    for (std::size_t i = 0; i < codes.size(); ++i)
      own.push_back({static_cast<Index>(i), &codes[i]});
    keep_largest(own, 6, count, [&](std::span<std::int64_t> counts) {
      sums.emplace_back(counts.begin(), counts.end());
    });
  }
  for (const Range range : {Range{0, 2}, Range{2, 6}}) {
    std::vector<BatchPart> own;
    for (Index i = range.begin; i < range.end; ++i)
      own.push_back({i, &shared[static_cast<std::size_t>(i)]});
    std::size_t call = 0;
    keep_largest(own, 6, count, [&](std::span<std::int64_t> counts) {
      std::ranges::copy(sums[call++], counts.begin());
    });
  }
  EXPECT_EQ(listed(shared), listed(alone));
}

TEST(BatchSelection, a_nan_is_kept) {
  std::vector<float> z(units, 1.0F);
  z[20] = -std::numeric_limits<float>::quiet_NaN();
  SparseCode code;
  select_candidates(ConstMatrix(z.data(), 1, units), std::vector<float>(units), 1, code);
  const BatchPart own{0, &code};
  EXPECT_TRUE(std::isnan(keep_largest({&own, 1}, 1, 1, [](std::span<std::int64_t>) {})));
  ASSERT_EQ(code.size(), 1);
  EXPECT_TRUE(std::isnan(code.view().values[0]));
}

}  // namespace
}  // namespace hourglass
