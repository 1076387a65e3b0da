#include "report/png.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"
#include "report/html.hpp"

namespace hourglass {

namespace {

std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b)
      group = group << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d)
      text += d <= count ? digits[group >> (18 - 6 * d) & 63] : '=';
  }
  return text;
}

}  // namespace

std::string encode_png(const Image& image) {
  require(
      image.width > 0 && image.height > 0 && (image.channels == 1 || image.channels == 3) &&
          static_cast<Index>(image.pixels.size()) == image.width * image.height * image.channels,
      "an image whose sizes disagree");
  const std::span<const std::byte> pixels = std::as_bytes(std::span(image.pixels));
  const auto file = encode_png(
      DecodedImage{image.height, image.width, image.channels, 8, {pixels.begin(), pixels.end()}});
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

std::string png_element(const Image& image, const std::string& alternative_text, Index scale) {
  return fmt::format(
      "<img alt=\"{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" "
      "src=\"data:image/png;base64,{}\">\n",
      html_escaped(alternative_text), image.width * scale, image.height * scale,
      base64(encode_png(image)));
}

}  // namespace hourglass
