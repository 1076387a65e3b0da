#include "report/raster_canvas.hpp"

#include <algorithm>
#include <cmath>

#include "report/stroke_font.hpp"

namespace hourglass {

namespace {

double distance_to_segment(double x, double y, CanvasPoint a, CanvasPoint b) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double length = dx * dx + dy * dy;
  const double t =
      length > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return std::hypot(x - a.x - t * dx, y - a.y - t * dy);
}

// Even-odd rule.
bool is_inside(double x, double y, std::span<const CanvasPoint> corners) {
  bool inside = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const CanvasPoint& a = corners[i];
    const CanvasPoint& b = corners[j];
    if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

// Characters, not bytes: those beyond ASCII are drawn as a cross.
std::string ascii(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) result += c;
    if (byte >= 0xc0) result += '\x7f';
  }
  return result;
}

}  // namespace

RasterCanvas::RasterCanvas(double width, double height, double scale) : scale_(scale) {
  image_.width = static_cast<Index>(std::lround(width * scale));
  image_.height = static_cast<Index>(std::lround(height * scale));
  image_.pixels.assign(static_cast<std::size_t>(image_.width * image_.height * 3), 255);
}

void RasterCanvas::blend(Index x, Index y, Color color, double coverage) {
  if (x < 0 || y < 0 || x >= image_.width || y >= image_.height || coverage <= 0) return;
  unsigned char* pixel = image_.pixels.data() + (y * image_.width + x) * 3;
  const unsigned char parts[] = {color.red, color.green, color.blue};
  for (int c = 0; c < 3; ++c) {
    pixel[c] = static_cast<unsigned char>(
        std::lround(pixel[c] + std::min(coverage, 1.0) * (parts[c] - pixel[c])));
  }
}

// A segment with round ends; points are in pixels.
void RasterCanvas::stroke(CanvasPoint a, CanvasPoint b, double width, Color color) {
  const double reach = width / 2 + 1;
  const auto top = static_cast<Index>(std::floor(std::min(a.y, b.y) - reach));
  const auto bottom = static_cast<Index>(std::ceil(std::max(a.y, b.y) + reach));
  const auto left = static_cast<Index>(std::floor(std::min(a.x, b.x) - reach));
  const auto right = static_cast<Index>(std::ceil(std::max(a.x, b.x) + reach));
  for (Index y = std::max<Index>(0, top); y <= std::min(bottom, image_.height - 1); ++y) {
    for (Index x = std::max<Index>(0, left); x <= std::min(right, image_.width - 1); ++x) {
      const double distance =
          distance_to_segment(static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5, a, b);
      blend(x, y, color, width / 2 + 0.5 - distance);
    }
  }
}

void RasterCanvas::polyline(std::span<const CanvasPoint> points, const Pen& pen) {
  std::size_t dash = 0;
  double left_of_dash = pen.dashes.empty() ? 0 : pen.dashes[0];
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const CanvasPoint a{points[i].x * scale_, points[i].y * scale_};
    const CanvasPoint b{points[i + 1].x * scale_, points[i + 1].y * scale_};
    if (pen.dashes.empty()) {
      stroke(a, b, pen.width * scale_, pen.color);
      continue;
    }
    const double length = std::hypot(b.x - a.x, b.y - a.y);
    const auto at = [&](double s) {
      return CanvasPoint{a.x + (b.x - a.x) * s / length, a.y + (b.y - a.y) * s / length};
    };
    for (double done = 0; done < length;) {
      const double part = std::min(left_of_dash * scale_, length - done);
      if (dash % 2 == 0) stroke(at(done), at(done + part), pen.width * scale_, pen.color);
      done += part;
      left_of_dash -= part / scale_;
      if (left_of_dash <= 1e-9) left_of_dash = pen.dashes[++dash % pen.dashes.size()];
    }
  }
}

void RasterCanvas::polygon(std::span<const CanvasPoint> corners, Color fill) {
  if (corners.size() < 3) return;
  constexpr int samples = 4;
  const auto by_x = std::ranges::minmax(corners, {}, &CanvasPoint::x);
  const auto by_y = std::ranges::minmax(corners, {}, &CanvasPoint::y);
  for (auto y = static_cast<Index>(std::floor(by_y.min.y * scale_));
       y <= static_cast<Index>(by_y.max.y * scale_); ++y) {
    for (auto x = static_cast<Index>(std::floor(by_x.min.x * scale_));
         x <= static_cast<Index>(by_x.max.x * scale_); ++x) {
      int inside = 0;
      for (int s = 0; s < samples * samples; ++s) {
        const double px = (static_cast<double>(x) + (s % samples + 0.5) / samples) / scale_;
        const double py = (static_cast<double>(y) + (s / samples + 0.5) / samples) /
                          scale_;  // NOLINT(bugprone-integer-division)
        inside += is_inside(px, py, corners) ? 1 : 0;
      }
      blend(x, y, fill, static_cast<double>(inside) / (samples * samples));
    }
  }
}

void RasterCanvas::text(CanvasPoint at, const std::string& given, const TextStyle& style) {
  const std::string text = ascii(given);
  // Capitals of common fonts are 0.7 of the nominal size high, and characters about 0.56 of it
  // apart.
  const double unit_y = 0.7 * style.size * scale_ / detail::glyph_capital_height;
  const double unit_x = 0.56 * style.size * scale_ / detail::glyph_advance;
  const double width = unit_x * detail::glyph_advance * static_cast<double>(text.size());
  const double start = style.anchor == Anchor::start    ? 0
                       : style.anchor == Anchor::middle ? -width / 2
                                                        : -width;
  const double pen = (style.bold ? 0.13 : 0.09) * style.size * scale_;
  const auto place = [&](double along, double below) {
    return style.upwards ? CanvasPoint{at.x * scale_ + below, at.y * scale_ - along}
                         : CanvasPoint{at.x * scale_ + along, at.y * scale_ + below};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view strokes = detail::glyph_strokes(text[i]);
    const double origin = start + unit_x * detail::glyph_advance * static_cast<double>(i);
    for (std::size_t begin = 0; begin < strokes.size();) {
      const std::size_t end = std::min(strokes.find(' ', begin), strokes.size());
      const auto point = [&](std::size_t c) {
        return place(origin + unit_x * (strokes[c] - '0'),
                     unit_y * (strokes[c + 1] - '0' - detail::glyph_capital_height));
      };
      for (std::size_t c = begin; c + 1 < end; c += 2)
        stroke(point(c), point(c + 3 < end ? c + 2 : c), pen, style.color);
      begin = end + 1;
    }
  }
}

}  // namespace hourglass
