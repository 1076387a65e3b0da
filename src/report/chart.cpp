#include "report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/series_look.hpp"

namespace hourglass {

namespace {

constexpr Color axis_color = {0x44, 0x44, 0x44};
constexpr Color grid_color = {0xdd, 0xdd, 0xdd};
constexpr double font = 13;
constexpr double legend_line = 19;
constexpr double swatch = 30;

// An axis with its final ends and ticks, and its place on the canvas.
struct Scale {
  double low = 0;
  double high = 1;
  bool logarithmic = false;
  std::vector<double> ticks;
  double begin = 0;  // pixels
  double end = 1;

  [[nodiscard]] double position(double value) const {
    const double t = logarithmic
                         ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                         : (value - low) / (high - low);
    return begin + t * (end - begin);
  }
  [[nodiscard]] bool shows(double value) const {
    return std::isfinite(value) && (!logarithmic || value > 0);
  }
};

Scale make_scale(const Axis& axis, const std::vector<double>& values, bool from_zero) {
  Scale scale;
  scale.logarithmic = axis.logarithmic;
  double low = from_zero && !axis.logarithmic ? 0 : std::numeric_limits<double>::infinity();
  double high = from_zero && !axis.logarithmic ? 0 : -std::numeric_limits<double>::infinity();
  for (const double value : values) {
    if (!scale.shows(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low <= high)) low = high = 1;
  low = axis.lowest.value_or(low);
  high = axis.highest.value_or(high);
  if (low >= high) {
    low = axis.logarithmic ? low / 2 : low - (low == 0 ? 0 : 0.5 * std::abs(low));
    high = axis.logarithmic ? high * 2 : high + (high == 0 ? 1 : 0.5 * std::abs(high));
  }
  scale.ticks = axis.ticks;
  if (scale.ticks.empty() && axis.logarithmic) {
    for (double tick = std::pow(10, std::floor(std::log10(low))); tick <= high * 1.0001;
         tick *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const bool wanted = factor == 1 || high / low < 200;
        if (wanted && tick * factor >= low * 0.9999 && tick * factor <= high * 1.0001)
          scale.ticks.push_back(tick * factor);
      }
    }
  } else if (scale.ticks.empty()) {
    // The axis ends at a tick beyond the data, unless its end was given.
    const double step = round_ticks(0, high - low, 5).at(1);
    if (!axis.highest) high = std::ceil(high / step - 1e-9) * step;
    if (!axis.lowest) low = std::floor(low / step + 1e-9) * step;
    scale.ticks = round_ticks(low, high, 5);
  }
  if (axis.logarithmic && !axis.ticks.empty()) {
    low = std::min(low, axis.ticks.front());
    high = std::max(high, axis.ticks.back());
  }
  scale.low = low;
  scale.high = high;
  return scale;
}

void line(SvgCanvas& canvas, CanvasPoint a, CanvasPoint b, const Pen& pen) {
  const std::array points = {a, b};
  canvas.polyline(points, pen);
}

struct LegendEntry {
  std::string name;
  std::size_t look;
  bool has_line;
  bool has_marker;
  bool is_bar;
};

// Title and legend at the top; returns the y coordinate below them.
double draw_head(SvgCanvas& canvas, double width, const std::string& title,
                 const std::vector<LegendEntry>& entries) {
  canvas.text({10, 20}, title, {15, Anchor::start, true, false, {0x22, 0x22, 0x22}});
  double x = 10;
  double y = 41;
  if (entries.empty()) return 32;
  for (const LegendEntry& entry : entries) {
    const double space = swatch + 6 + estimated_width(entry.name, font) + 16;
    if (x > 10 && x + space - 16 > width - 4) {
      x = 10;
      y += legend_line;
    }
    const double middle = y - 4;
    if (entry.is_bar) {
      detail::draw_bar(canvas, {x, middle - 7}, {x + swatch, middle + 6}, entry.look);
    } else {
      const Pen pen{detail::series_color(entry.look), 2, detail::series_dashes(entry.look)};
      if (entry.has_line) line(canvas, {x, middle}, {x + swatch, middle}, pen);
      if (entry.has_marker) detail::draw_marker(canvas, {x + swatch / 2, middle}, entry.look);
    }
    canvas.text({x + swatch + 6, y}, entry.name, {font});
    x += space;
  }
  return y + 14;
}

// The frame of the plot with the y axis; sets the place of the scale and returns the left edge of
// the plot.
double draw_y_axis(SvgCanvas& canvas, Scale& y, const std::string& label, double right, double top,
                   double bottom) {
  y.begin = bottom;
  y.end = top;
  double widest = 0;
  for (const double tick : y.ticks)
    widest = std::max(widest, estimated_width(tick_text(tick), font));
  const double left = 34 + widest;
  for (const double tick : y.ticks) {
    const double position = y.position(tick);
    if (position < top - 1 || position > bottom + 1) continue;
    line(canvas, {left, position}, {right, position}, {grid_color, 1, {}});
    canvas.text({left - 6, position + 4.5}, tick_text(tick), {font, Anchor::end});
  }
  canvas.text({17, (top + bottom) / 2}, label,
              {font, Anchor::middle, false, true, {0x22, 0x22, 0x22}});
  line(canvas, {left, top}, {left, bottom}, {axis_color, 1.2, {}});
  line(canvas, {left, bottom}, {right, bottom}, {axis_color, 1.2, {}});
  return left;
}

void draw_x_axis(SvgCanvas& canvas, const Scale& x, const std::string& label, double bottom) {
  double last = -1e9;
  for (const double tick : x.ticks) {
    const double position = x.position(tick);
    if (position < x.begin - 1 || position > x.end + 1) continue;
    line(canvas, {position, bottom}, {position, bottom + 5}, {axis_color, 1.2, {}});
    // Labels that would overlap are left out.
    const double half = estimated_width(tick_text(tick), font) / 2 + 3;
    if (position - half < last) continue;
    canvas.text({position, bottom + 19}, tick_text(tick), {font, Anchor::middle});
    last = position + half;
  }
  canvas.text({(x.begin + x.end) / 2, bottom + 38}, label, {font, Anchor::middle});
}

void draw_series(SvgCanvas& canvas, const Series& series, std::size_t look, const Scale& x,
                 const Scale& y) {
  const Color color = detail::series_color(look);
  std::vector<CanvasPoint> points;
  for (const ChartPoint& point : series.points) {
    if (!x.shows(point.x) || !y.shows(point.y)) continue;
    points.push_back({x.position(point.x), std::clamp(y.position(point.y), y.end - 2, y.begin)});
    if (!y.shows(point.low) || !y.shows(point.high)) continue;
    const double at = points.back().x;
    line(canvas, {at, y.position(point.low)}, {at, y.position(point.high)}, {color, 1.4, {}});
    for (const double end : {point.low, point.high}) {
      line(canvas, {at - 4, y.position(end)}, {at + 4, y.position(end)}, {color, 1.4, {}});
    }
  }
  if (series.style != SeriesStyle::markers && points.size() > 1)
    canvas.polyline(points, {color, 2, detail::series_dashes(look)});
  if (series.style == SeriesStyle::line) return;
  for (const CanvasPoint& point : points) detail::draw_marker(canvas, point, look);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  const double rough = (high - low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0}) {
    if (step < rough * 0.999) step = factor * power;
  }
  std::vector<double> ticks;
  for (auto k = static_cast<long long>(std::ceil(low / step - 1e-9));
       static_cast<double>(k) * step <= high + 1e-9 * step; ++k) {
    ticks.push_back(static_cast<double>(k) * step);
  }
  return ticks;
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return fmt::format("{:.3g}", value);
  if (size >= 1e6) return fmt::format("{:.3g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.3g}k", value / 1e3);
  return fmt::format("{:.4g}", value);
}

std::string svg_of(const LineChart& chart) {
  SvgCanvas canvas(chart.width, chart.height, chart.title);
  std::vector<double> xs;
  std::vector<double> ys;
  std::vector<LegendEntry> legend;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    for (const ChartPoint& point : series.points) {
      xs.push_back(point.x);
      for (const double value : {point.y, point.low, point.high}) ys.push_back(value);
    }
    legend.push_back({series.name, series.look.value_or(s), series.style != SeriesStyle::markers,
                      series.style != SeriesStyle::line, false});
  }
  const double top = draw_head(canvas, chart.width, chart.title, legend);
  const double bottom = chart.height - 48;
  Scale y = make_scale(chart.y, ys, true);
  Scale x = make_scale(chart.x, xs, false);
  const double left = draw_y_axis(canvas, y, chart.y.label, chart.width - 16, top, bottom);
  // Markers keep off the frame.
  x.begin = left + 12;
  x.end = chart.width - 24;
  draw_x_axis(canvas, x, chart.x.label, bottom);
  for (std::size_t s = 0; s < chart.series.size(); ++s)
    draw_series(canvas, chart.series[s], chart.series[s].look.value_or(s), x, y);
  return canvas.str();
}

std::string svg_of(const BarChart& chart) {
  SvgCanvas canvas(chart.width, chart.height, chart.title);
  std::vector<double> heights;
  std::vector<LegendEntry> legend;
  for (std::size_t s = 0; s < chart.series.size(); ++s)
    legend.push_back({chart.series[s].name, s, false, false, true});
  for (std::size_t c = 0; c < chart.categories.size(); ++c) {
    double total = 0;
    for (const BarSeries& series : chart.series) {
      const double value =
          c < series.values.size() && std::isfinite(series.values[c]) ? series.values[c] : 0;
      total = chart.stacked ? total + value : std::max(total, value);
    }
    heights.push_back(total);
  }
  const double top = draw_head(canvas, chart.width, chart.title, legend);
  const double bottom = chart.height - 48;
  Scale y = make_scale(chart.y, heights, true);
  const double right = chart.width - 16;
  const double left = draw_y_axis(canvas, y, chart.y.label, right, top, bottom);
  const double pitch =
      (right - left) / std::max<double>(1, static_cast<double>(chart.categories.size()));
  const double group_width = std::min(0.72 * pitch, 90.0);
  for (std::size_t c = 0; c < chart.categories.size(); ++c) {
    const double centre = left + pitch * (static_cast<double>(c) + 0.5);
    canvas.text({centre, bottom + 19}, chart.categories[c], {font, Anchor::middle});
    double base = 0;
    for (std::size_t s = 0; s < chart.series.size(); ++s) {
      const auto& values = chart.series[s].values;
      if (c >= values.size() || !std::isfinite(values[c])) continue;
      const double bar =
          chart.stacked ? group_width : group_width / static_cast<double>(chart.series.size());
      const double from =
          centre - group_width / 2 + (chart.stacked ? 0 : bar * static_cast<double>(s));
      detail::draw_bar(canvas, {from, y.position(base + values[c])}, {from + bar, y.position(base)},
                       s);
      if (chart.stacked) base += values[c];
    }
  }
  line(canvas, {left, bottom}, {right, bottom}, {axis_color, 1.2, {}});
  canvas.text({(left + right) / 2, bottom + 38}, chart.category_label, {font, Anchor::middle});
  return canvas.str();
}

}  // namespace hourglass
