#include "report/scaling_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "report/scaling_report.hpp"

namespace hourglass {
namespace {

constexpr double pass = 10e-3;
constexpr double update = 2e-3;
constexpr double alpha = 5e-6;
constexpr double beta = 1e-9;
constexpr double hidden = 0.6;
constexpr Index arena_bytes = 4'000'000;

double exchange(int ranks) {
  int rounds = 0;
  while ((1 << rounds) < ranks) ++rounds;
  return 2 * rounds * 3 * alpha + 2.0 * arena_bytes * (ranks - 1) / ranks * beta;
}

// Measurements that follow the model exactly.
ScalingStudy made_study(bool weak) {
  ScalingStudy study;
  study.file = "made.jsonl";
  study.weak = weak;
  study.texts = {{"program", "p"}, {"revision", "r"}, {"launcher", "mpirun"}, {"started", "now"}};
  for (const int ranks : {1, 2, 4, 8}) {
    const Index batch = weak ? 128 * ranks : 2048;
    const double passes = weak ? 1 : 16.0 / ranks;
    for (Index number = 1; number <= 3; ++number) {
      ScalingRepetition repetition;
      repetition.point = {ranks, "tree", 128, batch};
      repetition.number = number;
      repetition.phases = {{"compute", {pass * passes, pass * passes}},
                           {"exchange", {(1 - hidden) * exchange(ranks), 0}},
                           {"update", {update / ranks, update / ranks}},
                           {"input", {0, 0}}};
      for (const auto& [name, seconds] : repetition.phases) repetition.step_seconds += seconds.max;
      repetition.samples_per_second = static_cast<double>(batch) / repetition.step_seconds;
      repetition.arena_bytes = arena_bytes;
      repetition.buckets = 3;
      repetition.hosts = {"a"};
      study.repetitions.push_back(repetition);
    }
  }
  study.networks.push_back(
      {8, {{1024, 1e-5}}, {{4, alpha + 4 * beta}, {1 << 24, alpha + (1 << 24) * beta}}, {}});
  return study;
}

TEST(FitScaling, finds_the_parameters_that_made_the_measurements) {
  for (const bool weak : {true, false}) {
    const auto curves = fit_scaling(made_study(weak));
    ASSERT_EQ(curves.size(), 1U);
    const ScalingModel& model = curves[0].model;
    EXPECT_NEAR(model.pass, pass, 1e-9);
    EXPECT_NEAR(model.update, update, 1e-9);
    EXPECT_NEAR(model.alpha, alpha, 1e-8);
    EXPECT_NEAR(model.beta, beta, 1e-15);
    EXPECT_NEAR(model.hidden, hidden, 0.01);
    EXPECT_LT(model.largest_residual, 0.01);
    EXPECT_DOUBLE_EQ(curves[0].points.front().efficiency, 1);
    EXPECT_LT(curves[0].points.back().efficiency, 1.0);
  }
}

TEST(FitScaling, strong_scaling_ends_at_the_shards) {
  const ScalingModel model = fit_scaling(made_study(false))[0].model;
  EXPECT_EQ(model.shards(1), 16);
  EXPECT_TRUE(model.knee_by_shards);
  EXPECT_EQ(model.knee, 16);
}

TEST(FitScaling, weak_scaling_ends_where_the_efficiency_does) {
  const ScalingModel model = fit_scaling(made_study(true))[0].model;
  EXPECT_FALSE(model.knee_by_shards);
  EXPECT_GE(model.efficiency(model.knee), weak_knee);
  EXPECT_LT(model.efficiency(2 * model.knee), weak_knee);
}

TEST(MakeScalingReport, writes_page_table_and_pictures) {
  const ScalingReport report = make_scaling_report({made_study(true), made_study(false)});
  EXPECT_NE(report.html.find("Weak scaling"), std::string::npos);
  EXPECT_NE(report.html.find("Strong scaling"), std::string::npos);
  EXPECT_EQ(report.html.find("nan"), std::string::npos);
  EXPECT_EQ(std::count(report.csv.begin(), report.csv.end(), '\n'), 9);
  EXPECT_EQ(report.pictures.size(), 12U);
  ScalingStudy empty = made_study(true);
  empty.repetitions.clear();
  EXPECT_THROW(static_cast<void>(make_scaling_report({empty})), Error);
}

}  // namespace
}  // namespace hourglass
