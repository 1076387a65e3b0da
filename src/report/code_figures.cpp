#include "report/code_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/number_text.hpp"
#include "report/svg_canvas.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_labels = 10;
constexpr Index bins = 24;

// The axes of a scatter plot need not include 0.
void fit(Axis& axis, double low, double high) {
  const double margin = high > low ? 0.04 * (high - low) : 1;
  axis.lowest = low - margin;
  axis.highest = high + margin;
}

std::vector<std::int64_t> frequent_labels(std::span<const std::int64_t> labels) {
  std::map<std::int64_t, Index> counts;
  for (const std::int64_t label : labels) ++counts[label];
  std::vector<std::pair<Index, std::int64_t>> order;
  for (const auto& [label, count] : counts) order.emplace_back(-count, label);
  std::ranges::sort(order);
  std::vector<std::int64_t> frequent;
  for (std::size_t i = 0; i < std::min(most_labels, order.size()); ++i)
    frequent.push_back(order[i].second);
  std::ranges::sort(frequent);
  return frequent;
}

std::string called(std::int64_t label, std::span<const std::string> names) {
  const bool named = label >= 0 && label < static_cast<std::int64_t>(names.size());
  return named ? names[static_cast<std::size_t>(label)] : std::to_string(label);
}

struct LabelError {
  Index samples = 0;
  double sum = 0;
  double worst = 0;
};

std::map<std::int64_t, LabelError> errors_of_labels(const SampleStudy& study) {
  std::map<std::int64_t, LabelError> errors;
  for (std::size_t i = 0; i < study.labels.size(); ++i) {
    LabelError& error = errors[study.labels[i]];
    ++error.samples;
    error.sum += study.errors[i];
    error.worst = std::max(error.worst, study.errors[i]);
  }
  return errors;
}

std::array<Index, bins> histogram(ConstMatrix codes, const UnitStatistics& unit) {
  std::array<Index, bins> counts{};
  const double width = unit.largest - unit.smallest;
  for (Index i = 0; i < codes.rows; ++i) {
    const double t =
        width > 0 ? (static_cast<double>(codes(i, unit.unit)) - unit.smallest) / width : 0.5;
    ++counts[static_cast<std::size_t>(
        std::clamp<Index>(static_cast<Index>(t * bins), 0, bins - 1))];
  }
  return counts;
}

}  // namespace

LineChart scatter_chart(const std::string& title, const std::string& x, const std::string& y,
                        std::span<const PlanePoint> points, std::span<const std::int64_t> labels,
                        std::span<const std::string> class_names) {
  LineChart chart;
  chart.title = title;
  chart.x.label = x;
  chart.y.label = y;
  chart.width = 640;
  chart.height = 560;
  const std::vector<std::int64_t> named = frequent_labels(labels);
  for (const std::int64_t label : named)
    chart.series.push_back({called(label, class_names), {}, SeriesStyle::markers, std::nullopt});
  Series others{labels.empty() ? "sample" : "other labels", {}, SeriesStyle::markers, std::nullopt};
  PlanePoint low{1e300, 1e300};
  PlanePoint high{-1e300, -1e300};
  for (std::size_t i = 0; i < points.size(); ++i) {
    ChartPoint point;
    point.x = points[i].x;
    point.y = points[i].y;
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    const auto place = labels.empty() ? named.end() : std::ranges::find(named, labels[i]);
    Series& series = place == named.end()
                         ? others
                         : chart.series[static_cast<std::size_t>(place - named.begin())];
    series.points.push_back(point);
  }
  if (!others.points.empty()) chart.series.push_back(std::move(others));
  fit(chart.x, low.x, high.x);
  fit(chart.y, low.y, high.y);
  return chart;
}

std::vector<UnitStatistics> unit_statistics(ConstMatrix codes) {
  std::vector<UnitStatistics> units;
  const auto n = static_cast<double>(std::max<Index>(1, codes.rows));
  for (Index j = 0; j < codes.columns; ++j) {
    UnitStatistics unit;
    unit.unit = j;
    unit.smallest = codes.rows > 0 ? static_cast<double>(codes(0, j)) : 0;
    unit.largest = unit.smallest;
    for (Index i = 0; i < codes.rows; ++i) {
      const auto value = static_cast<double>(codes(i, j));
      unit.mean += value / n;
      unit.smallest = std::min(unit.smallest, value);
      unit.largest = std::max(unit.largest, value);
      unit.active += std::abs(value) > 1e-6 ? 1 / n : 0;
    }
    double squares = 0;
    for (Index i = 0; i < codes.rows; ++i)
      squares += std::pow(static_cast<double>(codes(i, j)) - unit.mean, 2) / n;
    unit.deviation = std::sqrt(squares);
    unit.dead = unit.largest - unit.smallest <= 1e-6 * std::max(1.0, std::abs(unit.mean));
    units.push_back(unit);
  }
  return units;
}

std::string histogram_svg(ConstMatrix codes, std::span<const UnitStatistics> units) {
  constexpr double cell_width = 148;
  constexpr double cell_height = 112;
  constexpr double plot_height = 62;
  const Index columns = 4;
  const auto lines = (static_cast<Index>(units.size()) + columns - 1) / columns;
  SvgCanvas canvas(cell_width * columns, cell_height * static_cast<double>(lines),
                   "Histograms of code units");
  for (std::size_t u = 0; u < units.size(); ++u) {
    const Index column = static_cast<Index>(u) % columns;
    const Index line = static_cast<Index>(u) / columns;
    const double left = cell_width * static_cast<double>(column) + 8;
    const double base = cell_height * static_cast<double>(line) + 20 + plot_height;
    const double width = (cell_width - 20) / bins;
    const auto counts = histogram(codes, units[u]);
    const auto tallest = static_cast<double>(std::max<Index>(1, *std::ranges::max_element(counts)));
    canvas.text({left, base - plot_height - 5},
                fmt::format("unit {}{}", units[u].unit, units[u].dead ? " (dead)" : ""),
                {12, Anchor::start, true});
    for (Index b = 0; b < bins; ++b) {
      const double x = left + width * static_cast<double>(b);
      const double height =
          plot_height * static_cast<double>(counts[static_cast<std::size_t>(b)]) / tallest;
      if (height <= 0) continue;
      const std::array corners = {CanvasPoint{x, base}, CanvasPoint{x, base - height},
                                  CanvasPoint{x + width - 0.5, base - height},
                                  CanvasPoint{x + width - 0.5, base}};
      canvas.polygon(corners, {0x00, 0x72, 0xb2});
    }
    const std::array axis = {CanvasPoint{left, base}, CanvasPoint{left + cell_width - 20, base}};
    canvas.polyline(axis, {{0x44, 0x44, 0x44}, 1, {}});
    canvas.text({left, base + 14}, fmt::format("{:.3g}", units[u].smallest), {11, Anchor::start});
    canvas.text({left + cell_width - 20, base + 14}, fmt::format("{:.3g}", units[u].largest),
                {11, Anchor::end});
  }
  return canvas.str();
}

std::vector<std::vector<std::string>> error_by_label(const SampleStudy& study) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [label, error] : errors_of_labels(study)) {
    rows.push_back({study.name_of(label), std::to_string(error.samples),
                    decimal_text(error.sum / static_cast<double>(error.samples), 4),
                    decimal_text(error.worst, 4)});
  }
  return rows;
}

BarChart error_by_label_chart(const SampleStudy& study) {
  BarChart chart;
  chart.title = "Error by label";
  chart.category_label = "label";
  chart.y.label = "squared error per sample (sse)";
  chart.series = {{"mean sse", {}}};
  const auto errors = errors_of_labels(study);
  for (const auto& [label, error] : errors) {
    if (chart.categories.size() == 30) break;
    chart.categories.push_back(study.name_of(label));
    chart.series[0].values.push_back(error.sum / static_cast<double>(error.samples));
  }
  return chart;
}

}  // namespace hourglass
