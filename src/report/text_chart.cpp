#include "report/text_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

constexpr int margin = 10;
constexpr const char* marks = "*o+x#@";

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] int cell(double value, int cells) const {
    const double t = high > low ? (value - low) / (high - low) : 0.5;
    return static_cast<int>(std::lround(t * (cells - 1)));
  }
};

}  // namespace

std::string text_chart(const LineChart& chart, int columns, int lines) {
  const int width = std::max(10, columns - margin - 1);
  Extent x;
  Extent y;
  for (const Series& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
      x.add(point.x);
      y.add(point.y);
    }
  }
  if (!(x.low <= x.high)) return fmt::format("{}: nothing to show yet\n", chart.title);
  std::vector<std::string> canvas(static_cast<std::size_t>(lines),
                                  std::string(static_cast<std::size_t>(width), ' '));
  std::string legend;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const char mark = marks[s % 6];
    legend += fmt::format("{}{} {}", s > 0 ? "   " : "", mark, chart.series[s].name);
    for (const ChartPoint& point : chart.series[s].points) {
      if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
      canvas[static_cast<std::size_t>(lines - 1 - y.cell(point.y, lines))]
            [static_cast<std::size_t>(x.cell(point.x, width))] = mark;
    }
  }
  std::string text =
      fmt::format("{}  ({} over {}; {})\n", chart.title, chart.y.label, chart.x.label, legend);
  for (int line = 0; line < lines; ++line) {
    const double value = y.high - (y.high - y.low) * line / std::max(1, lines - 1);
    const bool labelled = line == 0 || line == lines - 1 || line == lines / 2;
    text += fmt::format("{:>{}} |{}\n", labelled ? tick_text(std::round(value * 1e4) / 1e4) : "",
                        margin - 1, canvas[static_cast<std::size_t>(line)]);
  }
  text += fmt::format("{:>{}} +{}\n", "", margin - 1,
                      std::string(static_cast<std::size_t>(width), '-'));
  const std::string first = tick_text(x.low);
  text += fmt::format("{:>{}}  {}{:>{}}\n", "", margin - 1, first, tick_text(x.high),
                      width - static_cast<int>(first.size()));
  return text;
}

}  // namespace hourglass
