#include "report/code_figures.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(CodeFigures, unit_statistics_tell_dead_units) {
  const std::vector<float> codes = {0, 5, 1, 0, 5, 3};  // two samples, three units
  const auto units = unit_statistics({codes.data(), 2, 3});
  ASSERT_EQ(units.size(), 3U);
  EXPECT_TRUE(units[0].dead);
  EXPECT_EQ(units[0].active, 0);
  EXPECT_TRUE(units[1].dead);
  EXPECT_EQ(units[1].active, 1);
  EXPECT_FALSE(units[2].dead);
  EXPECT_EQ(units[2].mean, 2);
  EXPECT_EQ(units[2].deviation, 1);
  EXPECT_EQ(units[2].smallest, 1);
  EXPECT_EQ(units[2].largest, 3);
}

TEST(CodeFigures, scatter_chart_has_a_series_a_label_and_gathers_the_rare) {
  std::vector<PlanePoint> points;
  std::vector<std::int64_t> labels;
  for (int label = 0; label < 12; ++label) {
    for (int i = 0; i <= label; ++i) {
      points.push_back({static_cast<double>(label), static_cast<double>(i)});
      labels.push_back(label);
    }
  }
  const LineChart chart = scatter_chart("t", "x", "y", points, labels);
  ASSERT_EQ(chart.series.size(), 11U);
  EXPECT_EQ(chart.series.front().name, "2");
  EXPECT_EQ(chart.series.back().name, "other labels");
  EXPECT_EQ(chart.series.back().points.size(), 3U);
  EXPECT_EQ(scatter_chart("t", "x", "y", points, {}).series.size(), 1U);
}

TEST(CodeFigures, error_by_label_averages) {
  SampleStudy study;
  study.rows = {0, 1, 2};
  study.errors = {1, 3, 5};
  study.labels = {7, 7, 2};
  const auto rows = error_by_label(study);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"2", "1", "5.0000", "5.0000"}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"7", "2", "2.0000", "3.0000"}));
}

}  // namespace
}  // namespace hourglass
