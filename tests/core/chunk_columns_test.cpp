#include "core/chunk_columns.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <span>
#include <vector>

namespace hourglass {
namespace {

/// Puts rows together from all columns of chunks of a data set whose elements count up.
std::vector<int> gathered(const std::vector<Index>& shape, const std::vector<Index>& chunk,
                          const std::vector<Range>& runs) {
  const Index features =
      std::accumulate(shape.begin() + 1, shape.end(), Index{1}, std::multiplies<>());
  Index count = 0;
  for (const Range& run : runs) count += run.size();
  std::vector<int> rows(static_cast<std::size_t>(count * features), -1);
  for (Index c = 0; c < chunk_column_count(shape, chunk); ++c) {
    const ChunkColumn column = chunk_column(shape, chunk, c);
    std::vector<int> box;
    for (Index row = runs.front().begin; row < runs.back().end; ++row) {
      // Elements of the box, by their place in the row.
      for (Index feature = 0; feature < features; ++feature) {
        Index rest = feature;
        bool inside = true;
        for (std::size_t d = shape.size() - 1; d > 0; --d) {
          const Index at = rest % shape[d];
          rest /= shape[d];
          inside =
              inside && at >= column.begin[d - 1] && at < column.begin[d - 1] + column.size[d - 1];
        }
        if (inside) box.push_back(static_cast<int>(row * features + feature));
      }
    }
    copy_chunk_column(column, shape, sizeof(int), runs, std::as_bytes(std::span(box)),
                      std::as_writable_bytes(std::span(rows)));
  }
  return rows;
}

void expect_rows(const std::vector<Index>& shape, const std::vector<Index>& chunk,
                 const std::vector<Range>& runs) {
  const Index features =
      std::accumulate(shape.begin() + 1, shape.end(), Index{1}, std::multiplies<>());
  std::vector<int> expected;
  for (const Range& run : runs) {
    for (Index i = run.begin * features; i < run.end * features; ++i)
      expected.push_back(static_cast<int>(i));
  }
  EXPECT_EQ(gathered(shape, chunk, runs), expected);
}

TEST(ChunkColumns, put_rows_together) {
  expect_rows({20, 10}, {20, 3}, {{2, 3}, {7, 9}, {19, 20}});
  expect_rows({20, 10}, {20, 10}, {{0, 20}});
  expect_rows({9, 4, 5}, {9, 3, 2}, {{1, 2}, {5, 8}});
  expect_rows({9, 4, 5, 2}, {9, 2, 5, 1}, {{0, 1}, {8, 9}});
  expect_rows({9}, {9}, {{0, 1}, {4, 6}});
}

}  // namespace
}  // namespace hourglass
