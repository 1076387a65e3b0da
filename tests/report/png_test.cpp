#include "report/png.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(EncodePng, reads_back_pixel_by_pixel) {
  for (const Index channels : {1, 3}) {
    Image image{5, 3, channels, {}};
    for (Index i = 0; i < 15 * channels; ++i)
      image.pixels.push_back(static_cast<unsigned char>(37 * i));
    const std::string file = encode_png(image);
    ASSERT_EQ(file.substr(0, 8), "\x89PNG\r\n\x1a\n");
    const DecodedImage read = decode_png(std::as_bytes(std::span(file)));
    EXPECT_EQ(read.width, 5);
    EXPECT_EQ(read.height, 3);
    EXPECT_EQ(read.channels, channels);
    ASSERT_EQ(read.values.size(), image.pixels.size());
    EXPECT_EQ(std::memcmp(read.values.data(), image.pixels.data(), image.pixels.size()), 0);
  }
}

TEST(EncodePng, refuses_sizes_that_disagree) {
  EXPECT_THROW(static_cast<void>(encode_png(Image{2, 2, 1, {1, 2, 3}})), Error);
  EXPECT_THROW(static_cast<void>(encode_png(Image{0, 0, 1, {}})), Error);
}

TEST(PngElement, carries_the_image_itself) {
  const std::string element = png_element({1, 1, 1, {7}}, "a <dot>", 4);
  EXPECT_NE(element.find("alt=\"a &lt;dot&gt;\" width=\"4\" height=\"4\""), std::string::npos);
  EXPECT_NE(element.find("data:image/png;base64,iVBORw0KGgo"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
