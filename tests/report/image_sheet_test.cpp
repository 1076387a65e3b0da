#include "report/image_sheet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(ImageSheet, image_sheet_lays_images_out_a_pixel_apart) {
  const std::vector<float> samples = {0, 1, 0.5F, 2, -1, 0};  // three images of 1 x 2
  const Image sheet = image_sheet({samples.data(), 3, 2}, {1, 2, 1}, 2, 0, 1);
  EXPECT_EQ(sheet.width, 5);
  EXPECT_EQ(sheet.height, 3);
  EXPECT_EQ(sheet.channels, 1);
  const std::vector<unsigned char> wanted = {0,   255, 255, 128, 255, 255, 255, 255,
                                             255, 255, 0,   0,   255, 255, 255};
  EXPECT_EQ(sheet.pixels, wanted);
}

TEST(ImageSheet, image_sheet_shows_three_channels_as_colours_and_the_first_of_others) {
  const std::vector<float> colour = {1, 0, 0};
  EXPECT_EQ(image_sheet({colour.data(), 1, 3}, {1, 1, 3}, 1, 0, 1).pixels,
            (std::vector<unsigned char>{255, 0, 0}));
  const std::vector<float> two = {0, 1};
  EXPECT_EQ(image_sheet({two.data(), 1, 2}, {1, 1, 2}, 1, 0, 1).pixels,
            (std::vector<unsigned char>{0}));
}

}  // namespace
}  // namespace hourglass
