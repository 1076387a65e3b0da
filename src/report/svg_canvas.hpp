#pragma once

#include <span>
#include <string>
#include <vector>

namespace hourglass {

struct Color {
  unsigned char red = 0;
  unsigned char green = 0;
  unsigned char blue = 0;
};

/// A point of a drawing, in pixels of its nominal size: x to the right, y down.
struct CanvasPoint {
  double x = 0;
  double y = 0;
};

struct Pen {
  Color color;
  double width = 1;
  std::vector<double> dashes;  ///< lengths of line and gap in turn; empty: a solid line
};

enum class Anchor { start, middle, end };

struct TextStyle {
  double size = 12;
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool upwards = false;  ///< turned by 90 degrees: read from bottom to top
  Color color = {0x22, 0x22, 0x22};
};

/// Approximate width of a text, for layout; the true width depends on the reader's fonts.
[[nodiscard]] inline double estimated_width(const std::string& text, double size) {
  return 0.56 * size * static_cast<double>(text.size());
}

/// A drawing as one <svg> element, for a page or for a file of its own. It scales to the width
/// that it is given.
class SvgCanvas {
 public:
  /// `title` is read out by screen readers and shown when a pointer rests on the drawing.
  SvgCanvas(double width, double height, const std::string& title);

  void polyline(std::span<const CanvasPoint> points, const Pen& pen);
  void polygon(std::span<const CanvasPoint> corners, Color fill);
  /// `at` lies on the text's base line.
  void text(CanvasPoint at, const std::string& text, const TextStyle& style);

  [[nodiscard]] std::string str() const { return svg_ + "</svg>\n"; }

 private:
  std::string svg_;
};

}  // namespace hourglass
