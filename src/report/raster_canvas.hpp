#pragma once

#include <vector>

#include "report/canvas.hpp"
#include "report/png.hpp"

namespace hourglass {

/// A drawing as pixels, smoothed at edges, with letters made of strokes: for programs that want a
/// picture without a browser.
class RasterCanvas final : public Canvas {
 public:
  /// `scale` pixels a unit.
  RasterCanvas(double width, double height, double scale);

  void polyline(std::span<const CanvasPoint> points, const Pen& pen) override;
  void polygon(std::span<const CanvasPoint> corners, Color fill) override;
  void text(CanvasPoint at, const std::string& text, const TextStyle& style) override;

  [[nodiscard]] const Image& image() const { return image_; }

 private:
  void stroke(CanvasPoint a, CanvasPoint b, double width, Color color);
  void blend(Index x, Index y, Color color, double coverage);

  double scale_;
  Image image_;
};

}  // namespace hourglass
