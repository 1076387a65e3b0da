#include "formats/image.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "import/import_files.hpp"

namespace hourglass {
namespace {

DecodedImage ramp(Index height, Index width, Index channels) {
  DecodedImage image{height, width, channels, 8, {}};
  for (Index i = 0; i < image.size(); ++i) image.values.push_back(static_cast<std::byte>(i * 7));
  return image;
}

TEST(Image, png_keeps_every_value) {
  for (const Index channels : {1, 3}) {
    const DecodedImage image = ramp(9, 5, channels);
    const DecodedImage read = decode_image(encode_png(image));
    EXPECT_EQ(read.values, image.values);
    EXPECT_EQ(read.height, 9);
    EXPECT_EQ(read.width, 5);
    EXPECT_EQ(read.channels, channels);
  }
}

TEST(Image, png_of_sizes_that_disagree_is_a_bug) {
  for (const DecodedImage& image :
       {DecodedImage{2, 2, 1, 8, std::vector<std::byte>(3)}, DecodedImage{0, 0, 1, 8, {}},
        DecodedImage{1, 1, 2, 8, std::vector<std::byte>(2)},
        DecodedImage{1, 1, 1, 16, std::vector<std::byte>(2)}}) {
    expect_error([&] { static_cast<void>(encode_png(image)); }, ErrorKind::bug, {});
  }
}

TEST(Image, damaged_png_is_refused_wherever_it_is_cut) {
  const auto whole = encode_png(ramp(9, 5, 3));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(static_cast<void>(decode_image(std::span(whole).first(size))), Error) << size;
  }
  auto changed = whole;
  changed[45] ^= std::byte{0x10};  // in the compressed pixels
  EXPECT_THROW(static_cast<void>(decode_image(changed)), Error);
}

TEST(Image, headers_may_claim_anything) {
  auto claims = encode_png(ramp(2, 2, 1));
  claims[16] = std::byte{0x40};  // a width of 2^30: the checksum is wrong as well
  EXPECT_THROW(static_cast<void>(decode_image(claims)), Error);
  expect_error(
      [] { static_cast<void>(decode_image(bytes_of("P5 2000000000 2000000000 255\n1234"))); },
      ErrorKind::data, {"too large"});
  expect_error([] { static_cast<void>(decode_image(bytes_of("P5 10000 20000 255\n1234"))); },
               ErrorKind::data, {"truncated"});
}

TEST(Image, pgm_as_text_and_bytes) {
  EXPECT_EQ(decode_image(bytes_of("P2\n# a comment\n3 1\n15\n0 5 15\n")).values,
            bytes_of(std::string("\x00\x55\xff", 3)));
  EXPECT_EQ(decode_image(bytes_of("P5 2 1 255\nab")).values, bytes_of("ab"));
  EXPECT_EQ(decode_image(bytes_of("P6 1 1 255\nabc")).channels, 3);
  EXPECT_EQ(decode_image(bytes_of(std::string("P5 1 1 65535\n\x01\x02", 15))).values,
            bytes_of("\x02\x01"));
  for (const char* broken :
       {"P5", "P5 1", "P5 1 1 0\nx", "P5 0 1 255\n", "P5 2 2 255\nabc", "P2 2 1 9 1 x",
        "P2 1 1 9 10", "P4 1 1 x", "GIF89a", "", "P5 1 1 70000\nab"}) {
    EXPECT_THROW(static_cast<void>(decode_image(bytes_of(broken))), Error) << broken;
  }
}

TEST(Image, grey_is_luma) {
  DecodedImage image{1, 3, 3, 8, bytes_of(std::string("\xff\xff\xff\xff\x00\x00\x00\xff\x00", 9))};
  EXPECT_EQ(to_grey(image).values, bytes_of("\xff\x4c\x96"));
}

TEST(Image, resizing_keeps_means_and_constants) {
  DecodedImage image = ramp(12, 8, 1);
  const auto mean = [](const DecodedImage& one) {
    return std::accumulate(one.values.begin(), one.values.end(), 0.0,
                           [](double sum, std::byte b) { return sum + std::to_integer<int>(b); }) /
           static_cast<double>(one.size());
  };
  for (const auto& [height, width] : {std::pair{6, 4}, {3, 2}, {24, 16}, {5, 7}}) {
    const DecodedImage small = resized(image, height, width);
    EXPECT_EQ(small.size(), height * width);
    EXPECT_NEAR(mean(small), mean(image), 12) << height;
  }
  std::ranges::fill(image.values, std::byte{77});
  for (const std::byte value : resized(image, 5, 7).values) EXPECT_EQ(value, std::byte{77});
  EXPECT_EQ(resized(image, 12, 8).values, image.values);
}

TEST(Image, jpeg_that_is_none_is_refused) {
  EXPECT_THROW(static_cast<void>(decode_jpeg(bytes_of("\xff\xd8\xff\xe0 nothing"))), Error);
  EXPECT_THROW(static_cast<void>(decode_jpeg({})), Error);
  EXPECT_TRUE(is_image_name("A.JPG") && is_image_name("x.png") && !is_image_name("notes.txt"));
}

}  // namespace
}  // namespace hourglass
