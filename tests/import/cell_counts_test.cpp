#include "import/cell_counts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

CellSpec small() {
  CellSpec spec;
  spec.cells = 8;
  spec.genes = 203;
  spec.groups = 3;
  spec.batches = 2;
  return spec;
}

TEST(CellCounts, shares_of_every_group_and_batch_sum_to_one) {
  const CellCounts cells(small());
  for (Index k = 0; k < 3; ++k) {
    for (Index b = 0; b < 2; ++b) {
      const auto shares = cells.shares(k, b);
      EXPECT_EQ(shares.size(), 203U);
      EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-12);
    }
  }
}

TEST(CellCounts, a_cell_is_a_function_of_its_number) {
  const CellCounts cells(small());
  SparseBatch all;
  SparseBatch lost;
  all.clear(203);
  lost.clear(203);
  for (Index c = 0; c < 8; ++c) cells.make(c, all, lost);
  SparseBatch one;
  one.clear(203);
  cells.make(5, one, lost);
  const SparseRows rows = all.view();
  EXPECT_TRUE(std::ranges::equal(rows.values_of(5), one.view().values_of(0)));
  EXPECT_TRUE(std::ranges::equal(rows.columns_of(5), one.view().columns_of(0)));
  EXPECT_TRUE(std::ranges::is_sorted(rows.columns_of(5)));
}

TEST(CellCounts, dropout_moves_counts_and_changes_no_others) {
  CellSpec spec = small();
  spec.library = 400;
  const CellCounts with(spec);
  spec.dropout = 0;
  const CellCounts without(spec);
  SparseBatch counts;
  SparseBatch lost;
  SparseBatch whole;
  SparseBatch nothing;
  for (SparseBatch* batch : {&counts, &lost, &whole, &nothing}) batch->clear(203);
  with.make(1, counts, lost);
  without.make(1, whole, nothing);
  const auto sum = [](const SparseBatch& batch) {
    const SparseRows rows = batch.view();
    return std::accumulate(rows.values.begin(), rows.values.end(), 0.0);
  };
  EXPECT_GT(sum(lost), 0);
  EXPECT_EQ(sum(nothing), 0);
  EXPECT_EQ(sum(counts) + sum(lost), sum(whole));
}

TEST(CellCounts, extreme_settings_end) {
  CellSpec spec = small();
  spec.genes = 1;
  spec.library = 1e6;
  spec.library_spread = 2;
  spec.dispersion = 0.02;
  const CellCounts cells(spec);
  SparseBatch counts;
  SparseBatch lost;
  counts.clear(1);
  lost.clear(1);
  cells.make(0, counts, lost);
  EXPECT_GT(counts.values().empty() ? lost.values()[0] : counts.values()[0], 1000);
}

TEST(CellCounts, settings_out_of_range_are_refused) {
  CellSpec spec = small();
  spec.library = 0.5;
  expect_error(ErrorKind::usage, "--library must be 1 to", [&] { CellCounts{spec}; });
  spec = small();
  spec.groups = 1024;
  spec.batches = 1024;
  expect_error(ErrorKind::usage, "is more than", [&] { CellCounts{spec}; });
}

}  // namespace
}  // namespace hourglass
