#pragma once

#include <string>

#include "report/canvas.hpp"

namespace hourglass {

/// A drawing as one <svg> element that stands inside a page or alone in a file. It scales with the
/// width it is given.
class SvgCanvas final : public Canvas {
 public:
  /// `title` is read out by screen readers and shown when a pointer rests on the drawing.
  SvgCanvas(double width, double height, const std::string& title);

  void polyline(std::span<const CanvasPoint> points, const Pen& pen) override;
  void polygon(std::span<const CanvasPoint> corners, Color fill) override;
  void text(CanvasPoint at, const std::string& text, const TextStyle& style) override;

  [[nodiscard]] std::string str() const { return svg_ + "</svg>\n"; }

 private:
  std::string svg_;
};

}  // namespace hourglass
