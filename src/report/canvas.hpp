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
  std::vector<double> dashes;  ///< lengths of line and gap in turn; empty: a whole line
};

enum class Anchor { start, middle, end };

struct TextStyle {
  double size = 12;
  Anchor anchor = Anchor::start;
  bool bold = false;
  bool upwards = false;  ///< turned by 90 degrees: read from bottom to top
  Color color = {0x22, 0x22, 0x22};
};

/// What charts are drawn on: as vectors (svg_canvas.hpp) or as pixels (raster_canvas.hpp).
class Canvas {
 public:
  virtual ~Canvas() = default;
  virtual void polyline(std::span<const CanvasPoint> points, const Pen& pen) = 0;
  virtual void polygon(std::span<const CanvasPoint> corners, Color fill) = 0;
  /// `at` lies on the text's base line.
  virtual void text(CanvasPoint at, const std::string& text, const TextStyle& style) = 0;
};

/// About how wide a text is, for layout; the true width depends on the reader's fonts.
[[nodiscard]] inline double estimated_width(const std::string& text, double size) {
  return 0.56 * size * static_cast<double>(text.size());
}

}  // namespace hourglass
