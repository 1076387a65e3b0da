#include "report/scaling_charts.hpp"

#include <gtest/gtest.h>

#include "report/made_study.hpp"

namespace hourglass {
namespace {

const std::vector<double> made_ranks = {1, 2, 4, 8};

TEST(SpeedupChart, shows_measurements_beside_the_ideal) {
  const auto curves = fit_scaling(made_study(true));
  const LineChart chart = speedup_chart(curves);
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "tree");
  EXPECT_EQ(chart.series[1].name, "ideal");
  EXPECT_EQ(chart.x.ticks, made_ranks);
  ASSERT_EQ(chart.series[0].points.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(chart.series[0].points[i].x, made_ranks[i]);
    EXPECT_DOUBLE_EQ(chart.series[0].points[i].y, curves[0].points[i].speedup);
    EXPECT_EQ(chart.series[1].points[i].y, made_ranks[i]);
    EXPECT_LE(chart.series[0].points[i].low, chart.series[0].points[i].y);
    EXPECT_GE(chart.series[0].points[i].high, chart.series[0].points[i].y);
  }
}

TEST(EfficiencyChart, is_in_per_cent_of_the_ideal) {
  const auto curves = fit_scaling(made_study(true));
  const LineChart chart = efficiency_chart(curves);
  EXPECT_DOUBLE_EQ(chart.series[0].points[0].y, 100);
  EXPECT_LT(chart.series[0].points[3].y, 100);
  for (const ChartPoint& point : chart.series[1].points) EXPECT_EQ(point.y, 100);
}

TEST(ThroughputChart, divides_the_batch_by_the_step) {
  const LineChart chart = throughput_chart(fit_scaling(made_study(false)));
  const double seconds = 16 * made_pass + made_update;  // one rank exchanges nothing
  EXPECT_NEAR(chart.series[0].points[0].y, 2048 / seconds, 1e-6);
}

TEST(BreakdownChart, tells_the_phases_that_the_results_have) {
  const ScalingCurve curve = fit_scaling(made_study(true))[0];
  const BarChart coarse = breakdown_chart(curve, "made");
  EXPECT_EQ(coarse.categories, (std::vector<std::string>{"1", "2", "4", "8"}));
  ASSERT_EQ(coarse.series.size(), 4U);
  EXPECT_EQ(coarse.series[0].name, "compute");
  EXPECT_NEAR(coarse.series[0].values[0], made_pass * 1e3, 1e-9);
  ScalingCurve detailed = curve;
  for (ScalingSummary& point : detailed.points) point.phases["forward"] = 1e-3;
  EXPECT_EQ(reported_phases(detailed).size(), std::size(detailed_phases));
  EXPECT_NEAR(breakdown_chart(detailed, "made").series[0].values[0], 1, 1e-9);
  EXPECT_EQ(mean_seconds(curve.points[0], "forward"), 0);
}

TEST(ModelChart, goes_through_the_measurements) {
  const ScalingCurve curve = fit_scaling(made_study(true))[0];
  const LineChart chart = model_chart(curve, "made");
  ASSERT_EQ(chart.series.size(), 3U);
  const auto& measured = chart.series[0].points;
  const auto& modelled = chart.series[1].points;
  ASSERT_GT(modelled.size(), measured.size()) << "the model goes beyond";
  for (std::size_t i = 0; i < measured.size(); ++i) {
    EXPECT_EQ(measured[i].x, modelled[i].x);
    EXPECT_NEAR(measured[i].y, modelled[i].y, 0.01 * measured[i].y);
  }
}

TEST(NetworkChart, shows_alpha_and_beta_beside_the_messages) {
  const ScalingStudy study = made_study(true);
  const LineChart chart = network_chart(study.networks[0], fit_scaling(study));
  ASSERT_EQ(chart.series.size(), 3U);
  EXPECT_EQ(chart.series[0].points.size(), 1U);
  EXPECT_EQ(chart.series[1].points.size(), 1U) << "messages below 1000 bytes are left out";
  EXPECT_NEAR(chart.series[2].points[0].y, (made_alpha + 1024 * made_beta) * 1e6, 0.1);
  EXPECT_EQ(network_chart(study.networks[0], {}).series.size(), 2U);
}

}  // namespace
}  // namespace hourglass
