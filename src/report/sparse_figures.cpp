#include "report/sparse_figures.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "model/unit_use.hpp"

namespace hourglass {

namespace {

using Value = std::function<double(const SparseUse&)>;

LineChart epoch_chart(const char* title, const char* y) {
  LineChart chart;
  chart.title = title;
  chart.x.label = "epoch";
  chart.x.lowest = 0;
  chart.y.label = y;
  chart.y.lowest = 0;
  return chart;
}

Series series(const char* name, std::span<const MetricsRecord> epochs, const Value& value) {
  Series result{name,
                {},
                epochs.size() > 40 ? SeriesStyle::line : SeriesStyle::line_and_markers,
                std::nullopt};
  for (const MetricsRecord& epoch : epochs) {
    if (!epoch.sparse_use) continue;
    ChartPoint point;
    point.x = static_cast<double>(epoch.epoch);
    point.y = value(*epoch.sparse_use);
    result.points.push_back(point);
  }
  return result;
}

}  // namespace

LineChart unexplained_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Variance unexplained", "|x - x^|^2 / |x - mean|^2 (no unit)");
  chart.series.push_back(
      series("training", epochs, [](const SparseUse& use) { return use.unexplained; }));
  const auto validates = [](const MetricsRecord& epoch) {
    return epoch.sparse_use && epoch.sparse_use->validation_unexplained;
  };
  if (std::ranges::any_of(epochs, validates)) {
    chart.series.push_back(series("validation", epochs, [](const SparseUse& use) {
      return use.validation_unexplained.value_or(std::nan(""));
    }));
  }
  return chart;
}

LineChart dead_units_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Dead units of the code", "units not used of late (%)");
  chart.series.push_back(
      series("dead", epochs, [](const SparseUse& use) { return 100 * use.dead_share(); }));
  return chart;
}

LineChart active_units_chart(std::span<const MetricsRecord> epochs) {
  LineChart chart = epoch_chart("Active units (L0)", "units active, averaged over samples");
  chart.series.push_back(
      series("active", epochs, [](const SparseUse& use) { return use.active_units; }));
  return chart;
}

BarChart use_chart(const MetricsRecord& epoch) {
  BarChart chart;
  chart.title = "Units by use";
  chart.category_label = "share of the samples that use a unit";
  chart.y.label = "units";
  chart.series = {{"units", {}}};
  if (!epoch.sparse_use) return chart;
  const auto& bins = epoch.sparse_use->use_histogram;
  for (std::size_t bin = 0; bin < std::min(bins.size(), use_bins); ++bin) {
    chart.categories.emplace_back(use_bin_name(bin));
    chart.series[0].values.push_back(static_cast<double>(bins[bin]));
  }
  return chart;
}

}  // namespace hourglass
