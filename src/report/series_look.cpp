#include "report/series_look.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace hourglass::detail {

namespace {

constexpr double marker_radius = 4.5;

// A regular star or polygon: radii alternate between the two.
std::vector<CanvasPoint> ring(CanvasPoint at, int corners, double outer, double inner,
                              double turn) {
  std::vector<CanvasPoint> points;
  for (int i = 0; i < corners; ++i) {
    const double angle = turn + 2 * std::numbers::pi * i / corners;
    const double radius = i % 2 == 0 ? outer : inner;
    points.push_back({at.x + radius * std::sin(angle), at.y - radius * std::cos(angle)});
  }
  return points;
}

void hatch(SvgCanvas& canvas, CanvasPoint a, CanvasPoint b, double slope) {
  constexpr double distance = 7;
  const Pen pen{{255, 255, 255}, 1.6, {}};
  const double width = b.x - a.x;
  const double height = b.y - a.y;
  if (slope == 0) {
    for (double y = a.y + distance / 2; y < b.y; y += distance) {
      const std::array line = {CanvasPoint{a.x, y}, CanvasPoint{b.x, y}};
      canvas.polyline(line, pen);
    }
    return;
  }
  // Lines x - a.x = t + slope (b.y - y), cut at the rectangle's sides.
  for (double t = distance / 2 - std::max(0.0, slope) * height;
       t < width + std::max(0.0, -slope) * height; t += distance) {
    double from = 0;
    double to = height;
    const double at_left = -t / slope;
    const double at_right = (width - t) / slope;
    from = std::max(from, std::min(at_left, at_right));
    to = std::min(to, std::max(at_left, at_right));
    if (to <= from) continue;
    const std::array line = {CanvasPoint{a.x + t + slope * from, b.y - from},
                             CanvasPoint{a.x + t + slope * to, b.y - to}};
    canvas.polyline(line, pen);
  }
}

}  // namespace

Color series_color(std::size_t look) {
  constexpr std::array<Color, 7> colors = {{{0x00, 0x72, 0xb2},
                                            {0xd5, 0x5e, 0x00},
                                            {0x00, 0x9e, 0x73},
                                            {0xcc, 0x79, 0xa7},
                                            {0x8a, 0x6d, 0x00},
                                            {0x56, 0xb4, 0xe9},
                                            {0x44, 0x44, 0x44}}};
  return colors[look % colors.size()];
}

std::vector<double> series_dashes(std::size_t look) {
  const std::array<std::vector<double>, 5> dashes = {{{}, {7, 4}, {2, 3}, {10, 3, 2, 3}, {4, 2}}};
  return dashes[look % dashes.size()];
}

void draw_marker(SvgCanvas& canvas, CanvasPoint at, std::size_t look) {
  const Color color = series_color(look);
  const double r = marker_radius;
  // The markers shift whenever the colours repeat, so that 49 looks differ.
  switch ((look + look / 7) % 7) {
    case 0:
      canvas.polygon(ring(at, 20, r, r, 0), color);
      break;  // disc
    case 1:
      canvas.polygon(ring(at, 4, 1.25 * r, 1.25 * r, std::numbers::pi / 4), color);
      break;  // square
    case 2:
      canvas.polygon(ring(at, 3, 1.4 * r, 1.4 * r, 0), color);
      break;  // triangle
    case 3:
      canvas.polygon(ring(at, 4, 1.4 * r, 1.4 * r, 0), color);
      break;  // diamond
    case 4:
      canvas.polygon(ring(at, 10, 1.5 * r, 0.6 * r, 0), color);
      break;  // star
    case 5:
      canvas.polygon(ring(at, 3, 1.4 * r, 1.4 * r, std::numbers::pi), color);
      break;  // triangle on its tip
    default:
      canvas.polygon(ring(at, 8, 1.5 * r, 0.5 * r, 0), color);  // cross
  }
}

void draw_bar(SvgCanvas& canvas, CanvasPoint a, CanvasPoint b, std::size_t look) {
  if (b.y - a.y <= 0) return;
  const std::array corners = {a, CanvasPoint{b.x, a.y}, b, CanvasPoint{a.x, b.y}};
  canvas.polygon(corners, series_color(look));
  switch (look % 4) {
    case 1:
      hatch(canvas, a, b, 1);
      break;
    case 2:
      hatch(canvas, a, b, 0);
      break;
    case 3:
      hatch(canvas, a, b, -1);
      break;
    default:
      break;
  }
}

}  // namespace hourglass::detail
