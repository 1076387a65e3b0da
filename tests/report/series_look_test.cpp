#include "report/series_look.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace hourglass::detail {
namespace {

std::string marker(std::size_t look) {
  SvgCanvas canvas(20, 20, "");
  draw_marker(canvas, {10, 10}, look);
  return canvas.str();
}

std::string bar(std::size_t look) {
  SvgCanvas canvas(40, 60, "");
  draw_bar(canvas, {5, 5}, {35, 55}, look);
  return canvas.str();
}

std::string without_color(std::string svg, std::size_t look) {
  SvgCanvas dot(1, 1, "");
  dot.polygon({}, series_color(look));
  const std::string text = dot.str();
  const std::string color = text.substr(text.rfind("fill=\"") + 6, 7);
  for (std::size_t at = svg.find(color); at != std::string::npos; at = svg.find(color))
    svg.replace(at, color.size(), "color");
  return svg;
}

TEST(DrawMarker, gives_seven_series_seven_shapes) {
  std::set<std::string> shapes;
  for (std::size_t look = 0; look < 7; ++look) shapes.insert(without_color(marker(look), look));
  EXPECT_EQ(shapes.size(), 7U);
}

TEST(DrawMarker, gives_49_series_49_looks) {
  std::set<std::string> looks;
  for (std::size_t look = 0; look < 49; ++look) looks.insert(marker(look));
  EXPECT_EQ(looks.size(), 49U);
}

TEST(SeriesDashes, are_five_and_the_first_is_solid) {
  EXPECT_TRUE(series_dashes(0).empty());
  std::set<std::vector<double>> dashes;
  for (std::size_t look = 0; look < 5; ++look) dashes.insert(series_dashes(look));
  EXPECT_EQ(dashes.size(), 5U);
  EXPECT_EQ(series_dashes(5), series_dashes(0));
}

TEST(DrawBar, hatches_within_the_bar_and_differently) {
  std::set<std::string> bars;
  for (std::size_t look = 0; look < 4; ++look) {
    const std::string svg = bar(look);
    bars.insert(without_color(svg, look));
    EXPECT_EQ(svg.find("-1."), std::string::npos) << "outside of the canvas";
  }
  EXPECT_EQ(bars.size(), 4U);
}

TEST(DrawBar, draws_nothing_without_height) {
  SvgCanvas canvas(40, 60, "");
  const std::string before = canvas.str();
  draw_bar(canvas, {5, 5}, {35, 5}, 1);
  EXPECT_EQ(canvas.str(), before);
}

}  // namespace
}  // namespace hourglass::detail
