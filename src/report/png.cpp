#include "report/png.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "report/html.hpp"

namespace hourglass {

namespace {

std::string base64(std::span<const std::byte> bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = group << 8 | (b < count ? std::to_integer<std::uint32_t>(bytes[i + b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d)
      text += d <= count ? digits[group >> (18 - 6 * d) & 63] : '=';
  }
  return text;
}

}  // namespace

std::string png_element(const DecodedImage& image, const std::string& alternative_text,
                        Index scale) {
  return fmt::format(
      "<img alt=\"{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" "
      "src=\"data:image/png;base64,{}\">\n",
      html_escaped(alternative_text), image.width * scale, image.height * scale,
      base64(encode_png(image)));
}

}  // namespace hourglass
