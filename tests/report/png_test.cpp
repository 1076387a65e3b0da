#include "report/png.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(PngElement, carries_the_image_itself) {
  const std::string element = png_element({1, 1, 1, 8, {std::byte{7}}}, "a <dot>", 4);
  EXPECT_NE(element.find("alt=\"a &lt;dot&gt;\" width=\"4\" height=\"4\""), std::string::npos);
  EXPECT_NE(element.find("data:image/png;base64,iVBORw0KGgo"), std::string::npos);
}

TEST(PngElement, is_base64_of_the_encoded_file) {
  // Widths that leave 0, 1 and 2 bytes over after groups of three.
  for (const Index width : {1, 2, 3, 4, 5}) {
    DecodedImage image{1, width, 3, 8, {}};
    for (Index i = 0; i < image.size(); ++i) image.values.push_back(static_cast<std::byte>(91 * i));
    const std::string element = png_element(image, "");
    const std::size_t begin = element.find("base64,") + 7;
    const std::string text = element.substr(begin, element.find('"', begin) - begin);
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<std::byte> decoded;
    unsigned group = 0;
    int bits = 0;
    for (const char digit : text) {
      if (digit == '=') break;
      group = group << 6 | static_cast<unsigned>(digits.find(digit));
      bits += 6;
      if (bits < 8) continue;
      bits -= 8;
      decoded.push_back(static_cast<std::byte>(group >> bits & 0xFF));
    }
    EXPECT_EQ(text.size() % 4, 0U);
    EXPECT_EQ(decoded, encode_png(image));
  }
}

}  // namespace
}  // namespace hourglass
