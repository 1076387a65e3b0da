#include "nn/image_shape.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(ImageShape, text_and_back) {
  for (const std::string text : {"28x28", "1x9", "32x32x3", ""})
    EXPECT_EQ(to_string(image_shape_from(text)), text);
  EXPECT_EQ(image_shape_from("5x7x2"), (ImageShape{5, 7, 2}));
  EXPECT_EQ(to_string(image_shape_from("5x7x1")), "5x7");
}

TEST(ImageShape, series_and_volumes) {
  EXPECT_EQ(to_string(ImageShape::series(64)), "64");
  EXPECT_EQ(to_string(ImageShape::series(64, 3)), "64x3");
  EXPECT_EQ(to_string(ImageShape::volume({9, 10, 8})), "8x9x10");
  EXPECT_EQ(to_string(ImageShape::volume({9, 10, 8}, 2)), "8x9x10x2");
  EXPECT_EQ(ImageShape::volume({9, 10, 8}, 2).spatial(), std::vector<Index>({8, 9, 10}));
  EXPECT_EQ(ImageShape::volume({9, 10, 8}, 2).size(), 1440);
  EXPECT_EQ(ImageShape::series(64, 3).places(), 64);
  EXPECT_FALSE(ImageShape::series(64, 3).is_image());
  EXPECT_NE(ImageShape::series(64, 3), (ImageShape{1, 64, 3}));
}

TEST(ImageShape, size_and_knowledge) {
  EXPECT_EQ((ImageShape{5, 7, 2}).size(), 70);
  EXPECT_TRUE((ImageShape{1, 1, 1}).known());
  EXPECT_FALSE(ImageShape{}.known());
}

TEST(ImageShape, refuses_other_texts_naming_them) {
  for (const std::string text :
       {"28", "28x", "x28", "0x5", "-2x5", "2x3x4x5", "2x3 ", "axb", "2097152x1", "2x3x"}) {
    try {
      static_cast<void>(image_shape_from(text));
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("'" + text + "'"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hourglass
