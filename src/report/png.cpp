#include "hourglass/report/png.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hourglass/core/error.hpp"
#include "hourglass/report/html.hpp"

namespace hourglass {

namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(checksum));
}

// Each line begins with its filter. "Sub" (the difference to the pixel on the left) suits drawings and photographs alike.
std::string filtered_lines(const Image& image) {
  const auto line = static_cast<std::size_t>(image.width * image.channels);
  const auto back = static_cast<std::size_t>(image.channels);
  std::string bytes;
  bytes.reserve((line + 1) * static_cast<std::size_t>(image.height));
  for (Index y = 0; y < image.height; ++y) {
    const unsigned char* row = image.pixels.data() + static_cast<std::size_t>(y) * line;
    bytes += '\1';
    for (std::size_t x = 0; x < line; ++x) bytes += static_cast<char>(row[x] - (x < back ? 0 : row[x - back]));
  }
  return bytes;
}

std::string base64(const std::string& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b) group = group << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d) text += d <= count ? digits[group >> (18 - 6 * d) & 63] : '=';
  }
  return text;
}

}  // namespace

std::string encode_png(const Image& image) {
  require(image.width > 0 && image.height > 0 && (image.channels == 1 || image.channels == 3) &&
              static_cast<Index>(image.pixels.size()) == image.width * image.height * image.channels,
          "an image whose sizes disagree");
  const std::string lines = filtered_lines(image);
  uLongf size = compressBound(static_cast<uLong>(lines.size()));
  std::string packed(size, '\0');
  const int result = compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(lines.data()),
                               static_cast<uLong>(lines.size()), Z_DEFAULT_COMPRESSION);
  if (result != Z_OK) throw Error(ErrorKind::io, "out of memory while compressing an image");
  packed.resize(size);
  // Bit depth 8, colour type grey or truecolour, then the only compression and filter methods there are, and no interlacing.
  const std::string header = big_endian(static_cast<std::uint32_t>(image.width)) +
                             big_endian(static_cast<std::uint32_t>(image.height)) +
                             std::string({'\x8', image.channels == 1 ? '\0' : '\2', '\0', '\0', '\0'});
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", "");
}

std::string png_element(const Image& image, const std::string& alternative_text, Index scale) {
  return fmt::format(
      "<img alt=\"{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" src=\"data:image/png;base64,{}\">\n",
      html_escaped(alternative_text), image.width * scale, image.height * scale, base64(encode_png(image)));
}

}  // namespace hourglass
