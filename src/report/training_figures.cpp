#include "report/training_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace hourglass {

namespace {

using Value = std::function<double(const MetricsRecord&)>;

Series series(const std::string& name, std::span<const MetricsRecord> records, const Value& x,
              const Value& y) {
  Series result{name,
                {},
                records.size() > 40 ? SeriesStyle::line : SeriesStyle::line_and_markers,
                std::nullopt};
  for (const MetricsRecord& record : records) {
    ChartPoint point;
    point.x = x(record);
    point.y = y(record);
    result.points.push_back(point);
  }
  return result;
}

double epoch_of(const MetricsRecord& record) { return static_cast<double>(record.epoch); }
double step_of(const MetricsRecord& record) { return static_cast<double>(record.step); }

// A chart without series.
LineChart chart_over(const char* x, const char* title, const char* y) {
  LineChart chart;
  chart.title = title;
  chart.x.label = x;
  chart.y.label = y;
  return chart;
}

// Over epochs, from 0.
LineChart epoch_chart(const char* title, const char* y) {
  LineChart chart = chart_over("epoch", title, y);
  chart.x.lowest = 0;
  return chart;
}

// At most `most` bars fit: every n-th epoch.
std::vector<MetricsRecord> thinned(std::span<const MetricsRecord> records, std::size_t most) {
  std::vector<MetricsRecord> some;
  const std::size_t stride = (records.size() + most - 1) / most;
  for (std::size_t i = 0; i < records.size(); i += std::max<std::size_t>(1, stride))
    some.push_back(records[i]);
  return some;
}

}  // namespace

std::vector<MetricsRecord> records_of(std::span<const MetricsRecord> records,
                                      const std::string& kind) {
  std::vector<MetricsRecord> some;
  std::ranges::copy_if(records, std::back_inserter(some), [&](const MetricsRecord& record) {
    // Errors of single layers in pretraining cannot be compared with these.
    return record.kind == kind && record.phase == "train";
  });
  return some;
}

LineChart error_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Reconstruction error", "squared error per sample (sse)");
  chart.series.push_back(series("training", epochs, epoch_of, [](const auto& r) { return r.sse; }));
  if (std::ranges::any_of(epochs, [](const auto& r) { return r.validation_sse.has_value(); })) {
    chart.series.push_back(series("validation", epochs, epoch_of, [](const auto& r) {
      return r.validation_sse.value_or(std::nan(""));
    }));
  }
  return chart;
}

LineChart loss_chart(std::span<const MetricsRecord> records) {
  LineChart chart = chart_over("step", "Loss", "loss, averaged over samples");
  // A loss that falls through several orders of magnitude shows its end only on a logarithmic axis.
  const auto [low, high] = std::ranges::minmax_element(records, {}, &MetricsRecord::loss);
  chart.y.logarithmic = low != records.end() && low->loss > 0 && high->loss > 20 * low->loss;
  chart.series.push_back(series("loss", records, step_of, [](const auto& r) { return r.loss; }));
  if (std::ranges::any_of(records, [](const auto& r) { return r.penalty != 0; })) {
    chart.series.push_back(
        series("of which penalties", records, step_of, [](const auto& r) { return r.penalty; }));
  }
  return chart;
}

LineChart used_units_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Used units of the code", "units with a KL divergence above 0.01");
  chart.y.lowest = 0;
  chart.series.push_back(series("training", epochs, epoch_of, [](const auto& r) {
    return static_cast<double>(code_use(r.unit_kl).used_units);
  }));
  if (std::ranges::any_of(epochs, [](const auto& r) { return !r.validation_unit_kl.empty(); })) {
    chart.series.push_back(series("validation", epochs, epoch_of, [](const auto& r) {
      return static_cast<double>(code_use(r.validation_unit_kl).used_units);
    }));
  }
  return chart;
}

LineChart divergence_chart(std::span<const double> divergences) {
  LineChart chart = chart_over("unit, by divergence", "KL divergence of units from the prior",
                               "KL divergence (nats)");
  std::vector<double> sorted(divergences.begin(), divergences.end());
  std::ranges::sort(sorted, std::ranges::greater{});
  Series units{"unit", {}, SeriesStyle::line_and_markers, std::nullopt};
  for (std::size_t j = 0; j < sorted.size(); ++j) {
    ChartPoint point;
    point.x = static_cast<double>(j + 1);
    point.y = sorted[j];
    units.points.push_back(point);
  }
  chart.x.lowest = 0;
  chart.y.lowest = 0;
  chart.series.push_back(std::move(units));
  return chart;
}

LineChart learning_rate_chart(std::span<const MetricsRecord> records) {
  LineChart chart = chart_over("step", "Learning rate", "learning rate");
  chart.series.push_back(
      series("learning rate", records, step_of, [](const auto& r) { return r.learning_rate; }));
  return chart;
}

LineChart throughput_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Throughput", "samples per second, all ranks");
  chart.series.push_back(
      series("samples/s", epochs, epoch_of, [](const auto& r) { return r.samples_per_second; }));
  return chart;
}

BarChart time_chart(std::span<const MetricsRecord> epochs) {
  BarChart chart;
  chart.title = "Time per epoch";
  chart.category_label = "epoch";
  chart.y.label = "seconds, of the slowest rank";
  chart.series = {{"compute", {}}, {"exchange not hidden", {}}, {"waiting for input", {}}};
  for (const MetricsRecord& record : thinned(epochs, 20)) {
    chart.categories.push_back(std::to_string(record.epoch));
    chart.series[0].values.push_back(record.seconds_compute);
    chart.series[1].values.push_back(record.seconds_exchange_exposed);
    chart.series[2].values.push_back(record.seconds_input_wait);
  }
  return chart;
}

}  // namespace hourglass
