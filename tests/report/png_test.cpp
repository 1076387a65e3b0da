#include "hourglass/report/png.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

TEST(EncodePng, reads_back_pixel_by_pixel) {
  Image image{5, 3, 3, {}};
  for (int i = 0; i < 45; ++i) image.pixels.push_back(static_cast<unsigned char>(37 * i));
  const std::string file = encode_png(image);
  ASSERT_EQ(file.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(number_at(file, 16), 5U);
  EXPECT_EQ(number_at(file, 20), 3U);
  // The second chunk holds the pixels: length, name, data, checksum.
  const std::size_t begin = 8 + 12 + 13;
  ASSERT_EQ(file.substr(begin + 4, 4), "IDAT");
  const std::uint32_t size = number_at(file, begin);
  std::string lines(3 * 16, '\0');
  uLongf length = lines.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(lines.data()), &length, reinterpret_cast<const Bytef*>(file.data() + begin + 8),
                       size),
            Z_OK);
  ASSERT_EQ(length, lines.size());
  for (std::size_t y = 0; y < 3; ++y) {
    EXPECT_EQ(lines[16 * y], 1) << "filter";
    for (std::size_t x = 0; x < 15; ++x) {
      const int left = x < 3 ? 0 : image.pixels[15 * y + x - 3];
      EXPECT_EQ((static_cast<unsigned char>(lines[16 * y + 1 + x]) + left) & 255, image.pixels[15 * y + x]);
    }
  }
  const std::string body = file.substr(begin + 4, size + 4);
  EXPECT_EQ(number_at(file, begin + 8 + size),
            crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  EXPECT_EQ(file.substr(file.size() - 8, 4), "IEND");
}

TEST(EncodePng, refuses_sizes_that_disagree) {
  EXPECT_THROW(encode_png({2, 2, 1, {1, 2, 3}}), Error);
  EXPECT_THROW(encode_png({0, 0, 1, {}}), Error);
}

TEST(PngElement, carries_the_image_itself) {
  const std::string element = png_element({1, 1, 1, {7}}, "a <dot>", 4);
  EXPECT_NE(element.find("alt=\"a &lt;dot&gt;\" width=\"4\" height=\"4\""), std::string::npos);
  EXPECT_NE(element.find("data:image/png;base64,iVBORw0KGgo"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
