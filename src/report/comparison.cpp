#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "config/settings.hpp"
#include "core/number_text.hpp"
#include "report/training_figures.hpp"

namespace hourglass {

namespace {

// More curves than that cannot be told apart.
constexpr std::size_t most_curves = 12;
// More points than a curve has pixels.
constexpr std::size_t most_points = 400;

// Where a run writes and what it tells of itself says nothing about its results.
constexpr std::array beside_the_point = {"output", "progress", "trace", "tensorboard", "profile"};

double seconds_of(const MetricsRecord& record) {
  return record.seconds_compute + record.seconds_exchange_exposed + record.seconds_input_wait +
         record.seconds_checkpoint + record.seconds_verify;
}

double validation_of(const MetricsRecord& record) {
  return record.validation_sse.value_or(std::numeric_limits<double>::quiet_NaN());
}

bool compares(const Setting& setting) {
  return std::ranges::find(beside_the_point, setting.name) == beside_the_point.end();
}

// Every n-th of the records, and the last.
std::vector<MetricsRecord> thinned(const std::vector<MetricsRecord>& records) {
  const std::size_t stride = (records.size() + most_points - 1) / most_points;
  if (stride <= 1) return records;
  std::vector<MetricsRecord> some;
  for (std::size_t i = 0; i < records.size(); i += stride) some.push_back(records[i]);
  if (some.back().epoch != records.back().epoch) some.push_back(records.back());
  return some;
}

Series empty_curve(const std::string& name, std::size_t points) {
  return {name, {}, points > 40 ? SeriesStyle::line : SeriesStyle::line_and_markers, std::nullopt};
}

void add_point(Series& curve, double x, double y) {
  ChartPoint point;
  point.x = x;
  point.y = y;
  curve.points.push_back(point);
}

// An error that falls through orders of magnitude shows its end only on a logarithmic axis.
void choose_axis(LineChart& chart) {
  double low = std::numeric_limits<double>::infinity();
  double high = 0;
  for (const Series& curve : chart.series) {
    for (const ChartPoint& point : curve.points) {
      if (!std::isfinite(point.y)) continue;
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  chart.y.logarithmic = low > 0 && high > 20 * low;
}

LineChart chart_over_time(std::span<const ComparedRun> runs) {
  LineChart chart;
  chart.title = "Training error over time";
  chart.x.label = "time in epochs (s)";
  chart.x.lowest = 0;
  chart.y.label = "squared error per sample (sse)";
  for (const ComparedRun& run : runs) {
    const auto epochs = records_of(run.metrics, "epoch");
    const std::size_t stride = std::max<std::size_t>(1, epochs.size() / most_points);
    Series curve = empty_curve(run.name, epochs.size());
    double seconds = 0;
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      seconds += seconds_of(epochs[i]);
      if (i % stride == 0 || i + 1 == epochs.size()) add_point(curve, seconds, epochs[i].sse);
    }
    chart.series.push_back(std::move(curve));
  }
  choose_axis(chart);
  return chart;
}

BarChart speed_chart(std::span<const ComparedRun> runs) {
  BarChart chart;
  chart.title = "Throughput";
  chart.category_label = "run";
  chart.y.label = "samples per second, all ranks";
  chart.series = {{"last epoch", {}}};
  for (const ComparedRun& run : runs) {
    const auto outcome = outcome_of(run);
    if (!outcome) continue;
    chart.categories.push_back(run.name);
    chart.series[0].values.push_back(outcome->samples_per_second);
  }
  return chart;
}

std::vector<std::string> result_cells(const ComparedRun& run, bool validates) {
  const auto outcome = outcome_of(run);
  std::vector<std::string> cells = {state_of_run(run)};
  const std::size_t width = validates ? 8 : 5;
  if (!outcome) {
    cells.resize(width);
    return cells;
  }
  cells.push_back(std::to_string(outcome->epochs));
  if (validates) {
    const auto& best = outcome->best_validation_sse;
    cells.push_back(best ? decimal_text(*best, 4) : "");
    cells.push_back(best ? std::to_string(outcome->best_epoch) : "");
    cells.push_back(outcome->validation_sse ? decimal_text(*outcome->validation_sse, 4) : "");
  }
  cells.push_back(decimal_text(outcome->sse, 4));
  cells.push_back(fmt::format("{:.6g}", outcome->loss));
  cells.push_back(fmt::format("{:.1f}", outcome->seconds));
  return cells;
}

void add_table(HtmlPage& page, std::span<const ComparedRun> runs, bool validates) {
  const auto differing = differing_settings(runs);
  std::vector<std::string> heads = {"run"};
  for (const ComparedSetting& setting : differing) heads.push_back(setting.name);
  for (const char* head : {"state", "epochs"}) heads.emplace_back(head);
  if (validates) {
    for (const char* head : {"smallest validation sse", "in epoch", "last validation sse"})
      heads.emplace_back(head);
  }
  for (const char* head : {"training sse", "loss", "seconds"}) heads.emplace_back(head);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    std::vector<std::string> row = {runs[r].name};
    for (const ComparedSetting& setting : differing) row.push_back(setting.values[r]);
    for (std::string& cell : result_cells(runs[r], validates)) row.push_back(std::move(cell));
    rows.push_back(std::move(row));
  }
  page.table(heads, rows,
             "The best run first, with the settings that differ. A click on a column head sorts.");
}

void add_curves(HtmlPage& page, std::span<const ComparedRun> runs, bool validates) {
  page.heading("Curves");
  const auto shown = runs.first(std::min(runs.size(), most_curves));
  if (shown.size() < runs.size())
    page.paragraph(fmt::format("The best {} of {} runs.", shown.size(), runs.size()));
  const std::string sse = "squared error per sample (sse)";
  if (validates) {
    page.figure(svg_of(comparison_chart(shown, "Validation error", sse, validation_of)),
                "Squared error of validation samples, by epoch.");
  }
  page.figure(svg_of(comparison_chart(shown, "Training error", sse,
                                      [](const MetricsRecord& r) { return r.sse; })),
              "Squared error summed over features and averaged over samples, by epoch.");
  page.figure(svg_of(comparison_chart(shown, "Loss", "loss, averaged over samples",
                                      [](const MetricsRecord& r) { return r.loss; })),
              "Losses of different kinds, or with different penalties, cannot be compared.");
  page.figure(svg_of(comparison_chart(shown, "Learning rate", "learning rate",
                                      [](const MetricsRecord& r) { return r.learning_rate; })),
              "Learning rate at the end of each epoch.");
  page.figure(svg_of(chart_over_time(shown)),
              "Training error over the time of the slowest rank in passes, exchange, waiting for "
              "input and checkpoints.");
  page.figure(svg_of(speed_chart(shown)), "Samples per second in the last epoch.");
}

void add_shared_settings(HtmlPage& page, std::span<const ComparedRun> runs) {
  const TrainConfig defaults;
  std::vector<std::string> shared;
  for (const Setting& setting : train_settings()) {
    const std::string value = setting.get(runs.front().config);
    const bool alike = std::ranges::all_of(
        runs, [&](const ComparedRun& run) { return setting.get(run.config) == value; });
    if (alike && compares(setting) && value != setting.get(defaults))
      shared.push_back(fmt::format("{} = {}", setting.name, value));
  }
  page.heading("Settings of all runs");
  page.paragraph(shared.empty() ? "They share the defaults." : "Other than the defaults:");
  if (!shared.empty()) page.preformatted(fmt::format("{}", fmt::join(shared, "\n")));
}

}  // namespace

std::optional<Outcome> outcome_of(const ComparedRun& run) {
  const auto epochs = records_of(run.metrics, "epoch");
  if (epochs.empty()) return std::nullopt;
  const MetricsRecord& last = epochs.back();
  Outcome outcome;
  outcome.epochs = last.epoch;
  outcome.loss = last.loss;
  outcome.sse = last.sse;
  outcome.validation_sse = last.validation_sse;
  outcome.samples_per_second = last.samples_per_second;
  for (const MetricsRecord& record : epochs) {
    outcome.seconds += seconds_of(record);
    if (!record.validation_sse) continue;
    if (outcome.best_validation_sse && *record.validation_sse >= *outcome.best_validation_sse)
      continue;
    outcome.best_validation_sse = record.validation_sse;
    outcome.best_epoch = record.epoch;
  }
  return outcome;
}

void rank_runs(std::vector<ComparedRun>& runs) {
  std::ranges::stable_sort(runs, {}, [](const ComparedRun& run) {
    const auto outcome = outcome_of(run);
    if (!outcome) return std::tuple(2, 0.0);
    if (outcome->best_validation_sse) return std::tuple(0, *outcome->best_validation_sse);
    return std::tuple(1, outcome->sse);
  });
}

std::vector<ComparedSetting> differing_settings(std::span<const ComparedRun> runs) {
  std::vector<ComparedSetting> found;
  for (const Setting& setting : train_settings()) {
    if (!compares(setting)) continue;
    ComparedSetting compared{setting.name, {}};
    for (const ComparedRun& run : runs) compared.values.push_back(setting.get(run.config));
    const bool alike = std::ranges::all_of(compared.values, [&](const std::string& value) {
      return value == compared.values.front();
    });
    if (!alike) found.push_back(std::move(compared));
  }
  return found;
}

LineChart comparison_chart(std::span<const ComparedRun> runs, const std::string& title,
                           const std::string& label, double (*value)(const MetricsRecord&)) {
  LineChart chart;
  chart.title = title;
  chart.x.label = "epoch";
  chart.x.lowest = 0;
  chart.y.label = label;
  for (const ComparedRun& run : runs) {
    const auto epochs = thinned(records_of(run.metrics, "epoch"));
    Series curve = empty_curve(run.name, epochs.size());
    for (const MetricsRecord& record : epochs)
      add_point(curve, static_cast<double>(record.epoch), value(record));
    chart.series.push_back(std::move(curve));
  }
  choose_axis(chart);
  return chart;
}

std::string state_of_run(const ComparedRun& run) {
  if (run.has_model && run.state.empty()) return "finished";
  const auto outcome = outcome_of(run);
  return fmt::format("{}{}{} of {} epochs", run.state, run.state.empty() ? "" : ": ",
                     outcome ? outcome->epochs : 0, run.config.epochs);
}

void add_comparison(HtmlPage& page, std::span<const ComparedRun> runs) {
  const bool validates = std::ranges::any_of(runs, [](const ComparedRun& run) {
    const auto outcome = outcome_of(run);
    return outcome && outcome->best_validation_sse;
  });
  add_table(page, runs, validates);
  add_curves(page, runs, validates);
  add_shared_settings(page, runs);
}

std::string comparison_page(std::span<const ComparedRun> runs, std::span<const std::string> remarks,
                            const std::string& reproduced_by) {
  HtmlPage page(fmt::format("Comparison of {} runs", runs.size()));
  for (const std::string& remark : remarks) page.paragraph(remark);
  add_comparison(page, runs);
  page.heading("How to make this page again");
  page.preformatted(reproduced_by);
  return page.str();
}

}  // namespace hourglass
