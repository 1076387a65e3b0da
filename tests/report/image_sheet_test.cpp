#include "report/image_sheet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

std::vector<int> values_of(const DecodedImage& image) {
  std::vector<int> values;
  for (const std::byte value : image.values) values.push_back(std::to_integer<int>(value));
  return values;
}

TEST(ImageSheet, image_sheet_lays_images_out_a_pixel_apart) {
  const std::vector<float> samples = {0, 1, 0.5F, 2, -1, 0};  // three images of 1 x 2
  const DecodedImage sheet = image_sheet({samples.data(), 3, 2}, {1, 2, 1}, 2, 0, 1);
  EXPECT_EQ(sheet.width, 5);
  EXPECT_EQ(sheet.height, 3);
  EXPECT_EQ(sheet.channels, 1);
  const std::vector<int> wanted = {0,   255, 255, 128, 255, 255, 255, 255,
                                   255, 255, 0,   0,   255, 255, 255};
  EXPECT_EQ(values_of(sheet), wanted);
}

TEST(ImageSheet, image_sheet_shows_three_channels_as_colours_and_the_first_of_others) {
  const std::vector<float> colour = {1, 0, 0};
  EXPECT_EQ(values_of(image_sheet({colour.data(), 1, 3}, {1, 1, 3}, 1, 0, 1)),
            (std::vector<int>{255, 0, 0}));
  const std::vector<float> two = {0, 1};
  EXPECT_EQ(values_of(image_sheet({two.data(), 1, 2}, {1, 1, 2}, 1, 0, 1)), (std::vector<int>{0}));
}

}  // namespace
}  // namespace hourglass
