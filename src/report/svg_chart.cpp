#include "report/svg_chart.hpp"

#include "report/raster_canvas.hpp"
#include "report/svg_canvas.hpp"

namespace hourglass {

namespace {

template <class Chart>
std::string as_svg(const Chart& chart) {
  SvgCanvas canvas(chart.width, chart.height, chart.title);
  draw(chart, canvas);
  return canvas.str();
}

template <class Chart>
Image as_image(const Chart& chart, double scale) {
  RasterCanvas canvas(chart.width, chart.height, scale);
  draw(chart, canvas);
  return canvas.image();
}

}  // namespace

std::string svg_of(const LineChart& chart) { return as_svg(chart); }
std::string svg_of(const BarChart& chart) { return as_svg(chart); }
Image image_of(const LineChart& chart, double scale) { return as_image(chart, scale); }
Image image_of(const BarChart& chart, double scale) { return as_image(chart, scale); }

}  // namespace hourglass
