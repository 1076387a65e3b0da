#include "report/training_figures.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace hourglass {
namespace {

MetricsRecord epoch(Index number, double sse) {
  MetricsRecord record;
  record.kind = "epoch";
  record.epoch = number;
  record.step = 10 * number;
  record.loss = sse / 100;
  record.sse = sse;
  record.learning_rate = 0.1 / static_cast<double>(number);
  record.samples_per_second = 1000;
  record.seconds_compute = 3;
  record.seconds_exchange_exposed = 2;
  record.seconds_input_wait = 1;
  return record;
}

TEST(RecordsOf, are_of_one_kind_and_without_pretraining) {
  std::vector<MetricsRecord> records = {epoch(1, 9), epoch(2, 8), epoch(3, 7)};
  records[0].phase = "pretrain";
  records[1].kind = "step";
  const auto epochs = records_of(records, "epoch");
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].epoch, 3);
  EXPECT_EQ(records_of(records, "step").size(), 1U);
}

TEST(ErrorChart, shows_validation_where_there_is_one) {
  std::vector<MetricsRecord> records = {epoch(1, 9), epoch(2, 8)};
  ASSERT_EQ(error_chart(records).series.size(), 1U);
  EXPECT_EQ(error_chart(records).series[0].points[1].x, 2);
  EXPECT_EQ(error_chart(records).series[0].points[1].y, 8);
  records[1].validation_sse = 10;
  const LineChart chart = error_chart(records);
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_TRUE(std::isnan(chart.series[1].points[0].y));
  EXPECT_EQ(chart.series[1].points[1].y, 10);
}

TEST(UsedUnitsChart, counts_units_of_training_and_validation) {
  std::vector<MetricsRecord> records = {epoch(1, 9), epoch(2, 8)};
  records[0].unit_kl = {0.5, 0.001};
  records[1].unit_kl = {0.5, 0.1};
  ASSERT_EQ(used_units_chart(records).series.size(), 1U);
  EXPECT_EQ(used_units_chart(records).series[0].points[0].y, 1);
  EXPECT_EQ(used_units_chart(records).series[0].points[1].y, 2);
  records[1].validation_unit_kl = {0, 0};
  ASSERT_EQ(used_units_chart(records).series.size(), 2U);
  EXPECT_EQ(used_units_chart(records).series[1].points[1].y, 0);
}

TEST(DivergenceChart, begins_with_the_largest) {
  const LineChart chart = divergence_chart(std::vector<double>{0.1, 3, 0.5});
  ASSERT_EQ(chart.series.size(), 1U);
  ASSERT_EQ(chart.series[0].points.size(), 3U);
  EXPECT_EQ(chart.series[0].points[0].x, 1);
  EXPECT_EQ(chart.series[0].points[0].y, 3);
  EXPECT_EQ(chart.series[0].points[2].y, 0.1);
}

TEST(LossChart, is_logarithmic_when_the_loss_falls_far) {
  EXPECT_FALSE(loss_chart(std::vector{epoch(1, 9), epoch(2, 8)}).y.logarithmic);
  EXPECT_TRUE(loss_chart(std::vector{epoch(1, 900), epoch(2, 8)}).y.logarithmic);
  EXPECT_FALSE(loss_chart(std::vector{epoch(1, 900), epoch(2, -8)}).y.logarithmic);
  EXPECT_FALSE(loss_chart({}).y.logarithmic);
}

TEST(LossChart, shows_penalties_where_there_are_any) {
  std::vector<MetricsRecord> records = {epoch(1, 9)};
  EXPECT_EQ(loss_chart(records).series.size(), 1U);
  records[0].penalty = 0.5;
  ASSERT_EQ(loss_chart(records).series.size(), 2U);
  EXPECT_EQ(loss_chart(records).series[1].points[0].y, 0.5);
}

TEST(LearningRateChart, is_by_step) {
  const LineChart chart = learning_rate_chart(std::vector{epoch(1, 9), epoch(2, 8)});
  EXPECT_EQ(chart.series[0].points[1].x, 20);
  EXPECT_EQ(chart.series[0].points[1].y, 0.05);
}

TEST(ThroughputChart, is_by_epoch) {
  const LineChart chart = throughput_chart(std::vector{epoch(1, 9), epoch(2, 8)});
  EXPECT_EQ(chart.series[0].points[1].x, 2);
  EXPECT_EQ(chart.series[0].points[1].y, 1000);
}

TEST(TimeChart, has_at_most_twenty_bars) {
  std::vector<MetricsRecord> records;
  for (Index number = 1; number <= 20; ++number) records.push_back(epoch(number, 1));
  EXPECT_EQ(time_chart(records).categories.size(), 20U);
  for (Index number = 21; number <= 101; ++number) records.push_back(epoch(number, 1));
  const BarChart chart = time_chart(records);
  EXPECT_EQ(chart.categories.size(), 17U);
  EXPECT_EQ(chart.categories[1], "7");
  ASSERT_EQ(chart.series.size(), 3U);
  EXPECT_EQ(chart.series[0].values[0], 3);
  EXPECT_EQ(chart.series[1].values[0], 2);
  EXPECT_EQ(chart.series[2].values[0], 1);
}

}  // namespace
}  // namespace hourglass
