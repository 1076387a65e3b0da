#include "core/sparse_rows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace hourglass {
namespace {

TEST(SparseRows, hold_what_is_not_zero_and_give_the_matrix_back) {
  const std::vector<float> numbers = {0, 2, 0, -1, 0, 0, 0, 0, 0, 0, 0, 3};
  SparseBatch batch;
  batch.clear(4);
  append_rows({numbers.data(), 3, 4}, batch);
  const SparseRows rows = batch.view();
  ASSERT_EQ(rows.rows(), 3);
  EXPECT_EQ(rows.values.size(), 3U);
  EXPECT_EQ(std::vector(rows.columns_of(0).begin(), rows.columns_of(0).end()),
            (std::vector<std::int32_t>{1, 3}));
  EXPECT_TRUE(rows.values_of(1).empty());
  EXPECT_EQ(rows.values_of(2)[0], 3);
  std::vector<float> back(numbers.size(), 7);
  spread(rows, {back.data(), 3, 4});
  EXPECT_EQ(back, numbers);
}

TEST(SparseRows, a_cleared_batch_begins_anew_with_another_width) {
  SparseBatch batch;
  batch.clear(2);
  batch.add(0, 1);
  batch.end_row();
  batch.clear(5);
  EXPECT_TRUE(batch.view().empty());
  batch.add(4, 2);
  batch.add(4, 0);
  batch.end_row();
  EXPECT_EQ(batch.view().width, 5);
  EXPECT_EQ(batch.view().columns.size(), 1U);
  EXPECT_EQ(batch.view().columns_of(0)[0], 4);
}

}  // namespace
}  // namespace hourglass
