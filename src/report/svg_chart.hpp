#pragma once

#include <string>

#include "report/chart.hpp"
#include "report/png.hpp"

namespace hourglass {

/// A chart as one <svg> element: for a page (html.hpp) or, written to a file, alone.
[[nodiscard]] std::string svg_of(const LineChart& chart);
[[nodiscard]] std::string svg_of(const BarChart& chart);

/// The same chart as pixels, `scale` of them for each unit of its width; encode_png() makes a file
/// of it.
[[nodiscard]] Image image_of(const LineChart& chart, double scale = 2);
[[nodiscard]] Image image_of(const BarChart& chart, double scale = 2);

}  // namespace hourglass
