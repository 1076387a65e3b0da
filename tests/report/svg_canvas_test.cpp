#include "report/svg_canvas.hpp"

#include <gtest/gtest.h>

#include <array>

namespace hourglass {
namespace {

TEST(SvgCanvas, is_empty_but_for_title_and_ground) {
  const std::string svg = SvgCanvas(20, 10.5, "a < b").str();
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 10.5\""));
  EXPECT_NE(svg.find("<title>a &lt; b</title>"), std::string::npos);
  EXPECT_NE(svg.find("<rect width=\"20\" height=\"10.5\" fill=\"#ffffff\"/>"), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(SvgCanvas, draws_lines_with_and_without_dashes) {
  SvgCanvas canvas(20, 10, "");
  const std::array points = {CanvasPoint{0, 1.25}, CanvasPoint{3, 4}};
  canvas.polyline(points, {{0x01, 0x80, 0xff}, 1.5, {}});
  canvas.polyline(points, {{0, 0, 0}, 1, {7, 4}});
  const std::string svg = canvas.str();
  EXPECT_NE(svg.find("<polyline points=\"0.00,1.25 3.00,4.00\" fill=\"none\" stroke=\"#0180ff\" "
                     "stroke-width=\"1.5\" stroke-linejoin=\"round\"/>"),
            std::string::npos);
  EXPECT_NE(svg.find("stroke=\"#000000\" stroke-width=\"1\" stroke-linejoin=\"round\" "
                     "stroke-dasharray=\"7 4\"/>"),
            std::string::npos);
}

TEST(SvgCanvas, fills_polygons) {
  SvgCanvas canvas(20, 10, "");
  const std::array corners = {CanvasPoint{0, 0}, CanvasPoint{1, 0}, CanvasPoint{0, 1}};
  canvas.polygon(corners, {255, 0, 16});
  EXPECT_NE(
      canvas.str().find("<polygon points=\"0.00,0.00 1.00,0.00 0.00,1.00\" fill=\"#ff0010\"/>"),
      std::string::npos);
}

TEST(SvgCanvas, anchors_turns_and_escapes_texts) {
  SvgCanvas canvas(20, 10, "");
  canvas.text({1, 2}, "x & y", {13, Anchor::end, true, true, {0, 0, 0}});
  canvas.text({3, 4}, "plain", {});
  const std::string svg = canvas.str();
  EXPECT_NE(svg.find("<text x=\"1.00\" y=\"2.00\" font-size=\"13\" text-anchor=\"end\" "
                     "fill=\"#000000\" font-weight=\"600\" transform=\"rotate(-90 1.00 2.00)\">"
                     "x &amp; y</text>"),
            std::string::npos);
  EXPECT_NE(svg.find("text-anchor=\"start\" fill=\"#222222\">plain</text>"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
