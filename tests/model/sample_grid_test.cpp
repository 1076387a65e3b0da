#include "model/sample_grid.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hourglass {
namespace {

AutoencoderSpec spec_of(const std::string& encoder, const std::string& decoder = "") {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from(encoder);
  spec.decoder = layer_list_from(decoder);
  return spec;
}

TEST(GridOf, is_what_convolutions_at_either_end_see) {
  EXPECT_EQ(grid_of(spec_of("16x8x3,conv:4x3,9")), (ImageShape{16, 8, 3}));
  EXPECT_EQ(grid_of(spec_of("64x3,conv1d:4x3,9")), ImageShape::series(64, 3));
  EXPECT_EQ(grid_of(spec_of("8x9x10,conv3d:4x3,9")), ImageShape::volume({9, 10, 8}));
  EXPECT_EQ(grid_of(spec_of("360,40,8", "8,6x5x4,tconv:3x3s2")), (ImageShape{12, 10, 3}));
}

TEST(GridOf, dense_layers_is_the_image_that_is_given) {
  EXPECT_EQ(grid_of(spec_of("28x28,9")), (ImageShape{28, 28, 1}));
  EXPECT_FALSE(grid_of(spec_of("784,9")).known());
  AutoencoderSpec spec = spec_of("784,9");
  spec.image = {28, 28, 1};
  EXPECT_EQ(grid_of(spec), (ImageShape{28, 28, 1}));
}

TEST(DependsOnGrid, with_convolutions_or_what_works_on_images) {
  EXPECT_TRUE(depends_on_grid(spec_of("64,conv1d:4x3,9")));
  EXPECT_TRUE(depends_on_grid(spec_of("360,40,8", "8,6x5x4,tconv:3x3s2")));
  EXPECT_FALSE(depends_on_grid(spec_of("28x28,9")));
  AutoencoderSpec spec = spec_of("28x28,9");
  spec.loss = Loss::ssim;
  EXPECT_TRUE(depends_on_grid(spec));
  spec = spec_of("28x28,9");
  spec.regularization.corruption.kind = Corruption::block;
  EXPECT_TRUE(depends_on_grid(spec));
}

}  // namespace
}  // namespace hourglass
