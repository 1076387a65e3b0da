#include "report/sparse_figures.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

std::vector<MetricsRecord> epochs() {
  std::vector<MetricsRecord> records(3);
  for (std::size_t e = 0; e < 2; ++e) {
    records[e].epoch = static_cast<Index>(e) + 1;
    records[e].sparse_use = SparseUse{4, 200, 50, 1000, 0.5, 0.6, {1, 0, 0, 0, 0, 9, 90, 100}, {}};
  }
  return records;
}

TEST(SparseFigures, show_what_records_tell) {
  const auto records = epochs();
  const LineChart unexplained = unexplained_chart(records);
  ASSERT_EQ(unexplained.series.size(), 2U);
  ASSERT_EQ(unexplained.series[0].points.size(), 2U) << "one record has no sparse code";
  EXPECT_EQ(unexplained.series[0].points[1].x, 2);
  EXPECT_EQ(unexplained.series[1].points[0].y, 0.6);
  EXPECT_EQ(dead_units_chart(records).series[0].points[0].y, 25);
  EXPECT_EQ(active_units_chart(records).series[0].points[0].y, 4);
  const BarChart use = use_chart(records[0]);
  ASSERT_EQ(use.categories.size(), 8U);
  EXPECT_EQ(use.categories[0], "never");
  EXPECT_EQ(use.series[0].values[7], 100);
  EXPECT_TRUE(use_chart(records[2]).categories.empty());
}

TEST(SparseFigures, validation_is_shown_where_there_is_one) {
  auto records = epochs();
  for (MetricsRecord& record : records) {
    if (record.sparse_use) record.sparse_use->validation_unexplained.reset();
  }
  EXPECT_EQ(unexplained_chart(records).series.size(), 1U);
}

}  // namespace
}  // namespace hourglass
