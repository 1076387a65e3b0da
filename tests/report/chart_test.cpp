#include "report/chart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "report/svg_chart.hpp"

namespace hourglass {
namespace {

// Remembers what is drawn.
class Recorder final : public Canvas {
 public:
  void polyline(std::span<const CanvasPoint> points, const Pen& pen) override {
    lines.push_back({{points.begin(), points.end()}, pen});
    note(points);
  }
  void polygon(std::span<const CanvasPoint> corners, Color /*fill*/) override {
    ++polygons;
    note(corners);
  }
  void text(CanvasPoint /*at*/, const std::string& text, const TextStyle& /*style*/) override {
    texts.push_back(text);
  }
  void note(std::span<const CanvasPoint> points) {
    for (const CanvasPoint& p : points)
      inside = inside && p.x >= 0 && p.x <= 560 && p.y >= 0 && p.y <= 380;
  }
  [[nodiscard]] bool shows(const std::string& text) const {
    return std::ranges::find(texts, text) != texts.end();
  }

  std::vector<std::pair<std::vector<CanvasPoint>, Pen>> lines;
  std::vector<std::string> texts;
  int polygons = 0;
  bool inside = true;
};

TEST(RoundTicks, are_round_and_cover_the_range) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(0, 0.9, 5).size(), 5U);
  EXPECT_EQ(tick_text(1500), "1500");
  EXPECT_EQ(tick_text(20000), "20k");
  EXPECT_EQ(tick_text(0.25), "0.25");
}

TEST(LineChart, draws_every_series_title_axes_and_ticks) {
  LineChart chart{
      "speed-up", {"ranks", true, {1, 2, 4}, {}, {}}, {"speed-up", true, {}, {}, {}}, {}};
  chart.series = {{"measured", {{1, 1, 0.9, 1.1}, {2, 1.9, 1.8, 1.95}, {4, 3.5, 3.2, 3.9}}},
                  {"ideal", {{1, 1}, {2, 2}, {4, 4}}, SeriesStyle::line}};
  Recorder canvas;
  draw(chart, canvas);
  for (const char* text : {"speed-up", "ranks", "measured", "ideal", "1", "2", "4"})
    EXPECT_TRUE(canvas.shows(text)) << text;
  EXPECT_TRUE(canvas.inside);
  // Three markers and the legend's.
  EXPECT_EQ(canvas.polygons, 4);
}

TEST(LineChart, leaves_out_what_is_not_finite) {
  LineChart chart{"t", {"x", true, {}, {}, {}}, {"y", true, {}, {}, {}}, {}};
  chart.series = {{"s", {{0, 1}, {1, 0}, {2, std::nan("")}, {3, 5}, {4, INFINITY}}}, {"empty", {}}};
  Recorder canvas;
  draw(chart, canvas);
  EXPECT_TRUE(canvas.inside);
  for (const auto& [points, pen] : canvas.lines) {
    for (const CanvasPoint& p : points) EXPECT_TRUE(std::isfinite(p.x) && std::isfinite(p.y));
  }
}

TEST(LineChart, survives_having_nothing_to_draw) {
  Recorder canvas;
  draw(LineChart{"t", {"x", false, {}, {}, {}}, {"y", false, {}, {}, {}}, {{"s", {}}}}, canvas);
  draw(BarChart{"t", "c", {}, {"y", false, {}, {}, {}}, {}}, canvas);
  EXPECT_TRUE(canvas.inside);
}

TEST(LineChart, series_differ_without_colour) {
  LineChart chart{"t", {"x", false, {}, {}, {}}, {"y", false, {}, {}, {}}, {}};
  for (int s = 0; s < 4; ++s)
    chart.series.push_back({"s", {{0, 1.0 * s}, {1, 2.0 * s}}, SeriesStyle::line});
  Recorder canvas;
  draw(chart, canvas);
  std::vector<std::vector<double>> dashes;
  for (const auto& [points, pen] : canvas.lines) {
    if (pen.width == 2 && std::ranges::find(dashes, pen.dashes) == dashes.end())
      dashes.push_back(pen.dashes);
  }
  EXPECT_EQ(dashes.size(), 4U);
}

TEST(BarChart, stacks_to_the_sum) {
  BarChart chart{"t",
                 "ranks",
                 {"1", "2"},
                 {"ms", false, {}, {}, {}},
                 {{"a", {3, 4}}, {"b", {2, 1}}, {"c", {0, 5}}}};
  Recorder canvas;
  draw(chart, canvas);
  EXPECT_TRUE(canvas.inside);
  EXPECT_TRUE(canvas.shows("10"));
}

TEST(SvgOf, is_one_element_with_escaped_texts) {
  LineChart chart{"a < b & c",
                  {"x", false, {}, {}, {}},
                  {"y", false, {}, {}, {}},
                  {{"\"s\"", {{0, 1}, {1, 2}}}}};
  const std::string svg = svg_of(chart);
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
  EXPECT_NE(svg.find("<title>a &lt; b &amp; c</title>"), std::string::npos);
  EXPECT_NE(svg.find("&quot;s&quot;"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(ImageOf, has_ink_where_the_line_is) {
  const LineChart chart{
      "t", {"x", false, {}, {}, {}}, {"y", false, {}, {}, {}}, {{"s", {{0, 1}, {1, 1}}}}};
  const Image image = image_of(chart, 1);
  EXPECT_EQ(image.width, 560);
  EXPECT_EQ(image.height, 380);
  Index blue = 0;
  for (std::size_t p = 0; p < image.pixels.size(); p += 3)
    blue += image.pixels[p] < 40 && image.pixels[p + 2] > 120 ? 1 : 0;
  EXPECT_GT(blue, 500);
}

}  // namespace
}  // namespace hourglass
