#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace hourglass {

struct Axis {
  std::string label;  ///< with its unit: "time per step (ms)"
  bool logarithmic = false;
  std::vector<double> ticks;  ///< empty: chosen from the data
  std::optional<double>
      lowest;  ///< end of the axis; by default 0 on a linear axis, the data's on a logarithmic one
  std::optional<double> highest;
};

/// A value with its interval, where that is known (drawn as an error bar).
struct ChartPoint {
  double x = 0;
  double y = 0;
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

enum class SeriesStyle { line_and_markers, line, markers };

/// One curve or point cloud. Points that are not finite (or not positive on a logarithmic axis) are
/// not drawn.
struct Series {
  std::string name;
  std::vector<ChartPoint> points;
  SeriesStyle style = SeriesStyle::line_and_markers;
  std::optional<std::size_t>
      look;  ///< colour, marker and dashes; by default the number of the series
};

/// Lines and scattered points over two numeric axes.
struct LineChart {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Series> series;
  double width = 560;
  double height = 380;
};

struct BarSeries {
  std::string name;
  std::vector<double> values;  ///< one per category; at least 0
};

/// Bars over named categories; the series of a category are stacked on one another, or stand side
/// by side.
struct BarChart {
  std::string title;
  std::string category_label;
  std::vector<std::string> categories;
  Axis y;
  std::vector<BarSeries> series;
  bool stacked = true;
  double width = 560;
  double height = 380;
};

/// A chart as one <svg> element, for a page (html.hpp) or a file of its own.
/// Series differ in colour (Okabe and Ito's palette, which the colour-blind can tell apart) AND in
/// marker, dashes or hatching, so that a chart can be read without colour.
[[nodiscard]] std::string svg_of(const LineChart& chart);
[[nodiscard]] std::string svg_of(const BarChart& chart);

/// About `count` round numbers in [low, high]: multiples of 1, 2 or 5 times a power of ten.
[[nodiscard]] std::vector<double> round_ticks(double low, double high, int count);
/// "0.25", "1500", "20k", "3.2M".
[[nodiscard]] std::string tick_text(double value);

}  // namespace hourglass
