#include "core/row_runs.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(RowRuns, gives_the_rows_that_were_appended) {
  RowRuns runs;
  std::vector<Index> expected;
  const auto append = [&](Index first, Index count, Index step) {
    runs.append(first, count, step);
    for (Index i = 0; i < count; ++i) expected.push_back(first + i * step);
  };
  append(5, 3, 1);
  append(8, 2, 1);  // goes on
  append(0, 1, 1);
  append(20, 4, 3);
  append(32, 2, 3);  // goes on
  append(7, 0, 1);
  append(7, 1, 9);
  append(8, 1, 1);
  ASSERT_EQ(runs.size(), static_cast<Index>(expected.size()));
  EXPECT_EQ(runs.run_count(), 4U);
  for (Index p = 0; p < runs.size(); ++p)
    EXPECT_EQ(runs.row(p), expected[static_cast<std::size_t>(p)]) << p;
  for (Index begin = 0; begin <= runs.size(); ++begin) {
    for (Index end = begin; end <= runs.size(); ++end) {
      Index place = begin;
      for (const RowRuns::Piece& piece : runs.pieces({begin, end})) {
        EXPECT_EQ(piece.position, place);
        for (Index i = 0; i < piece.count; ++i, ++place)
          EXPECT_EQ(piece.first + i * piece.step, expected[static_cast<std::size_t>(place)]);
      }
      EXPECT_EQ(place, end);
    }
  }
}

TEST(RowRuns, all_rows_are_one_run) {
  const RowRuns runs(1000);
  EXPECT_EQ(runs.size(), 1000);
  EXPECT_EQ(runs.run_count(), 1U);
  EXPECT_EQ(RowRuns(0).run_count(), 0U);
}

}  // namespace
}  // namespace hourglass
