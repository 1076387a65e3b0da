#include "report/chart.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>
#include <sstream>

namespace hourglass {
namespace {

// What an <svg> element draws.
class Drawing {
 public:
  template <class Chart>
  explicit Drawing(const Chart& chart) : svg_(svg_of(chart)) {
    const std::regex element("<(polyline|polygon) points=\"([^\"]*)\"([^>]*)/>");
    for (std::sregex_iterator found(svg_.begin(), svg_.end(), element), end; found != end;
         ++found) {
      const bool is_line = (*found)[1] == "polyline";
      polygons += is_line ? 0 : 1;
      if (is_line) line_styles.push_back((*found)[3]);
      std::istringstream points((*found)[2]);
      double x = 0;
      double y = 0;
      char comma = 0;
      while (points >> x >> comma >> y)
        inside = inside && x >= 0 && x <= chart.width && y >= 0 && y <= chart.height;
      finite = finite && points.eof();  // "nan" and "inf" are no numbers to a stream
    }
  }
  [[nodiscard]] bool shows(const std::string& text) const {
    return svg_.find(">" + text + "</text>") != std::string::npos;
  }

  std::vector<std::string> line_styles;
  int polygons = 0;
  bool inside = true;
  bool finite = true;

 private:
  std::string svg_;
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
  const Drawing drawing(chart);
  for (const char* text : {"speed-up", "ranks", "measured", "ideal", "1", "2", "4"})
    EXPECT_TRUE(drawing.shows(text)) << text;
  EXPECT_TRUE(drawing.inside);
  // Three markers and the legend's.
  EXPECT_EQ(drawing.polygons, 4);
}

TEST(LineChart, leaves_out_what_is_not_finite) {
  LineChart chart{"t", {"x", true, {}, {}, {}}, {"y", true, {}, {}, {}}, {}};
  chart.series = {{"s", {{0, 1}, {1, 0}, {2, std::nan("")}, {3, 5}, {4, INFINITY}}}, {"empty", {}}};
  const Drawing drawing(chart);
  EXPECT_TRUE(drawing.inside);
  EXPECT_TRUE(drawing.finite);
}

TEST(LineChart, survives_having_nothing_to_draw) {
  const Drawing lines(
      LineChart{"t", {"x", false, {}, {}, {}}, {"y", false, {}, {}, {}}, {{"s", {}}}});
  EXPECT_TRUE(lines.inside && lines.finite);
  const Drawing bars(BarChart{"t", "c", {}, {"y", false, {}, {}, {}}, {}});
  EXPECT_TRUE(bars.inside && bars.finite);
}

TEST(LineChart, series_differ_without_colour) {
  LineChart chart{"t", {"x", false, {}, {}, {}}, {"y", false, {}, {}, {}}, {}};
  for (int s = 0; s < 4; ++s)
    chart.series.push_back({"s", {{0, 1.0 * s}, {1, 2.0 * s}}, SeriesStyle::line});
  const Drawing drawing(chart);
  std::set<std::string> dashes;
  for (const std::string& style : drawing.line_styles) {
    if (style.find("stroke-width=\"2\"") == std::string::npos) continue;
    const std::size_t at = style.find("stroke-dasharray");
    dashes.insert(at == std::string::npos ? "" : style.substr(at));
  }
  EXPECT_EQ(dashes.size(), 4U);
}

TEST(BarChart, stacks_to_the_sum) {
  BarChart chart{"t",
                 "ranks",
                 {"1", "2"},
                 {"ms", false, {}, {}, {}},
                 {{"a", {3, 4}}, {"b", {2, 1}}, {"c", {0, 5}}}};
  const Drawing drawing(chart);
  EXPECT_TRUE(drawing.inside);
  EXPECT_TRUE(drawing.shows("10"));
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

}  // namespace
}  // namespace hourglass
