#include "report/svg_canvas.hpp"

#include <fmt/format.h>

#include "report/html.hpp"

namespace hourglass {

namespace {

std::string hex(Color color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

std::string coordinates(std::span<const CanvasPoint> points) {
  std::string text;
  for (const CanvasPoint& point : points)
    text += fmt::format("{}{:.2f},{:.2f}", text.empty() ? "" : " ", point.x, point.y);
  return text;
}

}  // namespace

SvgCanvas::SvgCanvas(double width, double height, const std::string& title)
    : svg_(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" "
                       "width=\"{0:g}\" height=\"{1:g}\" role=\"img\" "
                       "style=\"max-width:100%;height:auto\" "
                       "font-family=\"system-ui,-apple-system,'Segoe UI',Helvetica,Arial,"
                       "sans-serif\">\n<title>{2}</title>\n<rect width=\"{0:g}\" height=\"{1:g}\" "
                       "fill=\"#ffffff\"/>\n",
                       width, height, html_escaped(title))) {}

void SvgCanvas::polyline(std::span<const CanvasPoint> points, const Pen& pen) {
  const std::string dashes =
      pen.dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", fmt::join(pen.dashes, " "));
  svg_ += fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:g}\" "
      "stroke-linejoin=\"round\"{}/>\n",
      coordinates(points), hex(pen.color), pen.width, dashes);
}

void SvgCanvas::polygon(std::span<const CanvasPoint> corners, Color fill) {
  svg_ += fmt::format("<polygon points=\"{}\" fill=\"{}\"/>\n", coordinates(corners), hex(fill));
}

void SvgCanvas::text(CanvasPoint at, const std::string& text, const TextStyle& style) {
  const char* anchor = style.anchor == Anchor::start    ? "start"
                       : style.anchor == Anchor::middle ? "middle"
                                                        : "end";
  const std::string turned =
      style.upwards ? fmt::format(" transform=\"rotate(-90 {:.2f} {:.2f})\"", at.x, at.y)
                    : std::string();
  svg_ += fmt::format(
      "<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{:g}\" text-anchor=\"{}\" "
      "fill=\"{}\"{}{}>{}</text>\n",
      at.x, at.y, style.size, anchor, hex(style.color), style.bold ? " font-weight=\"600\"" : "",
      turned, html_escaped(text));
}

}  // namespace hourglass
