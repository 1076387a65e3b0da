#include "report/comparison.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

MetricsRecord epoch(Index number, double sse, std::optional<double> validation = std::nullopt) {
  MetricsRecord record;
  record.kind = "epoch";
  record.epoch = number;
  record.step = 10 * number;
  record.loss = sse / 100;
  record.sse = sse;
  record.validation_sse = validation;
  record.samples_per_second = 1000;
  record.seconds_compute = 3;
  record.seconds_input_wait = 1;
  return record;
}

ComparedRun made_run(const std::string& name, double rate, std::vector<MetricsRecord> metrics) {
  ComparedRun run;
  run.name = name;
  run.config.output = name;
  run.config.schedule.learning_rate = rate;
  run.metrics = std::move(metrics);
  return run;
}

std::vector<ComparedRun> made_runs() {
  return {made_run("empty", 0.3, {}), made_run("plain", 0.3, {epoch(1, 1)}),
          made_run("worse", 0.1, {epoch(1, 9, 8), epoch(2, 5, 7)}),
          made_run("best", 0.2, {epoch(1, 9, 4), epoch(2, 6, 6)})};
}

TEST(OutcomeOf, is_of_the_last_and_of_the_best_epoch) {
  const auto runs = made_runs();
  EXPECT_FALSE(outcome_of(runs[0]));
  const auto outcome = outcome_of(runs[3]);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->epochs, 2);
  EXPECT_EQ(outcome->sse, 6);
  EXPECT_EQ(outcome->validation_sse, 6);
  EXPECT_EQ(outcome->best_validation_sse, 4);
  EXPECT_EQ(outcome->best_epoch, 1);
  EXPECT_EQ(outcome->seconds, 8);
  EXPECT_FALSE(outcome_of(runs[1])->best_validation_sse);
}

TEST(RankRuns, puts_the_smallest_validation_error_first) {
  auto runs = made_runs();
  rank_runs(runs);
  std::vector<std::string> names;
  for (const ComparedRun& run : runs) names.push_back(run.name);
  EXPECT_EQ(names, (std::vector<std::string>{"best", "worse", "plain", "empty"}));
}

TEST(DifferingSettings, leaves_out_what_all_share_and_where_they_write) {
  const auto runs = made_runs();
  const auto differing = differing_settings(runs);
  ASSERT_EQ(differing.size(), 1U);
  EXPECT_EQ(differing[0].name, "learning-rate");
  EXPECT_EQ(differing[0].values, (std::vector<std::string>{"0.3", "0.3", "0.1", "0.2"}));
  EXPECT_TRUE(differing_settings(std::span(runs).first(2)).empty());
}

TEST(ComparisonChart, has_a_curve_per_run_and_the_last_epoch) {
  std::vector<MetricsRecord> many;
  for (Index i = 1; i <= 1000; ++i) many.push_back(epoch(i, 1000.0 / static_cast<double>(i)));
  const std::vector<ComparedRun> runs = {made_run("long", 0.1, many),
                                         made_run("short", 0.1, {epoch(1, 3)})};
  const LineChart chart =
      comparison_chart(runs, "Training error", "sse", [](const MetricsRecord& r) { return r.sse; });
  ASSERT_EQ(chart.series.size(), 2U);
  EXPECT_EQ(chart.series[0].name, "long");
  EXPECT_LE(chart.series[0].points.size(), 401U);
  EXPECT_EQ(chart.series[0].points.back().x, 1000);
  EXPECT_EQ(chart.series[1].points.size(), 1U);
  EXPECT_TRUE(chart.y.logarithmic);
}

TEST(ComparisonPage, shows_settings_results_and_remarks) {
  auto runs = made_runs();
  for (ComparedRun& run : runs) run.config.epochs = 7;
  runs[3].has_model = true;
  rank_runs(runs);
  const std::vector<std::string> remarks = {"a <remark>"};
  const std::string page = comparison_page(runs, remarks, "hourglass compare runs/");
  for (const char* part :
       {"Comparison of 4 runs", "a &lt;remark&gt;", "learning-rate", "finished", "2 of 7 epochs",
        "0 of 7 epochs", "Validation error", "epochs = 7", "hourglass compare runs/"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("nan<"), std::string::npos);
  const auto plain = comparison_page(std::span(runs).subspan(2), {}, "");
  EXPECT_EQ(plain.find("alidation"), std::string::npos);
}

TEST(ComparisonPage, draws_twelve_curves_of_many_runs) {
  std::vector<ComparedRun> runs;
  for (Index i = 0; i < 30; ++i)
    runs.push_back(made_run("run-" + std::to_string(i), 0.1, {epoch(1, 1.0 + i), epoch(2, 1.0)}));
  const std::string page = comparison_page(runs, {}, "");
  EXPECT_NE(page.find("The best 12 of 30 runs"), std::string::npos);
  EXPECT_NE(page.find(">run-29<"), std::string::npos);  // in the table
}

}  // namespace
}  // namespace hourglass
