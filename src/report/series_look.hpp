#pragma once

#include "report/svg_canvas.hpp"

namespace hourglass::detail {

/// Colour, marker and dashes of the n-th series of a chart: they differ with and without colour.
[[nodiscard]] Color series_color(std::size_t look);
[[nodiscard]] std::vector<double> series_dashes(std::size_t look);
void draw_marker(SvgCanvas& canvas, CanvasPoint at, std::size_t look);
/// A rectangle in the series' colour and hatching.
void draw_bar(SvgCanvas& canvas, CanvasPoint top_left, CanvasPoint bottom_right, std::size_t look);

}  // namespace hourglass::detail
