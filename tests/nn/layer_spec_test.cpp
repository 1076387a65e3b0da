#include "nn/layer_spec.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::string refusal(const std::string& text) {
  try {
    (void)unit_shapes(layer_list_from(text), "layers");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "accepted";
}

TEST(LayerList, text_and_back) {
  for (const std::string text :
       {"784,1000,30", "28x28,conv:16x3s2,conv:32x3s2,30", "30,7x7x32,tconv:16x3s2,tconv:1x3s2",
        "32x32x3,conv:8x5x3s2x1p0x1,conv:4x4s2p1x0", "4x4x2,tconv:3x3s2o0,tconv:1x2s2p1x0o0",
        "64x3,conv1d:16x5s2,conv1d:8x4s2p0,10", "64,conv1d:16x5,10", "10,16x8,tconv1d:3x5s4o2",
        "16x28x28,conv3d:8x3s2,10", "8x16x28x2,conv3d:8x1x3x3s1x2x2,conv3d:4x3p0x1x1",
        "10,2x4x4x8,tconv3d:1x3s2o1x0x1", ""}) {
    EXPECT_EQ(to_string(layer_list_from(text)), text);
  }
  EXPECT_EQ(to_string(layer_list_from("28x28x1,conv:16x3x3s2x2p1x1")), "28x28,conv:16x3s2")
      << "the shortest form";
  EXPECT_EQ(layer_list_from("784,30"), LayerList({784, 30}));
}

TEST(LayerList, default_padding_divides_the_image_size_by_the_stride) {
  for (const std::string kernel : {"1", "2", "3", "4", "5", "6", "7"}) {
    for (const Index stride : {1, 2, 3}) {
      const auto shapes = unit_shapes(
          layer_list_from("24x24,conv:2x" + kernel + "s" + std::to_string(stride)), "layers");
      if (kernel != "1" && kernel != "2") {
        const Index height = 24 / stride;
        EXPECT_NEAR(shapes[1].image.height, height, 1) << kernel << " " << stride;
      }
      const auto larger = unit_shapes(
          layer_list_from("24x24,tconv:2x" + kernel + "s" + std::to_string(stride)), "layers");
      EXPECT_NEAR(larger[1].image.height, 24 * stride, 1) << kernel << " " << stride;
    }
  }
}

TEST(LayerList, shapes_follow_the_formulas) {
  const auto shapes = unit_shapes(
      layer_list_from("28x20x3,conv:16x3s2,conv:8x5x4s3x2p1x0,12,2x3x2,tconv:5x3x2s2x4p1x0o1x3"),
      "layers");
  EXPECT_EQ(shapes[0].image, ImageShape({28, 20, 3}));
  EXPECT_EQ(shapes[1].image, ImageShape({14, 10, 16}));
  EXPECT_EQ(shapes[2].image, ImageShape({4, 4, 8}));
  EXPECT_EQ(shapes[2].units, 128);
  EXPECT_EQ(shapes[3].units, 12);
  EXPECT_FALSE(shapes[3].image.known());
  EXPECT_EQ(shapes[5].image, ImageShape({(2 - 1) * 2 - 2 + 3 + 1, (3 - 1) * 4 + 2 + 3, 5}));
}

TEST(LayerList, the_convolution_after_a_shape_says_what_it_means) {
  const auto first = [](const std::string& text) {
    return unit_shapes(layer_list_from(text), "layers").front().image;
  };
  EXPECT_EQ(first("64x3,conv1d:4x3,9"), ImageShape::series(64, 3));
  EXPECT_EQ(first("64,conv1d:4x3,9"), ImageShape::series(64));
  EXPECT_EQ(first("64x3,conv:4x3,9"), (ImageShape{64, 3, 1}));
  EXPECT_EQ(first("64x3,9"), (ImageShape{64, 3, 1}));
  EXPECT_EQ(first("8x9x10,conv:4x3,9"), (ImageShape{8, 9, 10}));
  EXPECT_EQ(first("8x9x10,conv3d:4x3,9"), ImageShape::volume({9, 10, 8}));
  EXPECT_EQ(first("8x9x10x2,conv3d:4x3,9"), ImageShape::volume({9, 10, 8}, 2));
  EXPECT_EQ(layer_list_from("28x28,conv2d:4x3,tconv2d:2x3"),
            layer_list_from("28x28,conv:4x3,tconv:2x3"));
  EXPECT_EQ(to_string(layer_list_from("64x1,conv1d:4x3,9")), "64,conv1d:4x3,9");
  const auto shapes = unit_shapes(
      layer_list_from("8x9x10x2,conv3d:4x3x4x5s2x3x1p1x0x2,6,16x3,tconv1d:5x4s2p1o1"), "layers");
  EXPECT_EQ(shapes[1].image, ImageShape::volume({2, 10, 4}, 4));
  EXPECT_EQ(shapes[1].units, 4 * 2 * 10 * 4);
  EXPECT_EQ(shapes[4].image, ImageShape::series(15 * 2 - 2 + 4 + 1, 5));
}

TEST(LayerList, mirrored_list_restores_the_input_shape) {
  for (const std::string text :
       {"784,500,30", "28x28,conv:16x3s2,conv:32x3s2,30", "28x28,conv:16x5s3p1,conv:32x4s2",
        "27x31x3,conv:4x3s2,conv:6x2x5s3x4p1x2,7", "7x7x3,tconv:4x3s2,tconv:2x5s3p1o2,9",
        "5x5,conv:3x1s4", "1x100,conv:4x1x9s1x4p0x4,8", "64x3,conv1d:16x5s2,conv1d:8x4s3,10",
        "97,conv1d:4x9s4,8", "9x4,tconv1d:4x3s2,tconv1d:2x5s3p1o2,9", "30,8x4,tconv1d:4x3s2,12",
        "17x28x30,conv3d:4x3s2,conv3d:6x4x2x5s3x1x4p1x0x2,7", "7x5x6x3,tconv3d:4x3s2,9"}) {
    const LayerList layers = layer_list_from(text);
    const LayerList mirror = mirrored(layers, "layers");
    const auto there = unit_shapes(layers, "layers");
    const auto back = unit_shapes(mirror, "decoder-layers");
    ASSERT_EQ(there.size(), back.size());
    for (std::size_t i = 0; i < there.size(); ++i) {
      EXPECT_EQ(there[i].units, back[there.size() - 1 - i].units)
          << text << " mirrored is " << to_string(mirror);
      EXPECT_EQ(there[i].image, back[there.size() - 1 - i].image) << text;
    }
    EXPECT_EQ(layer_list_from(to_string(mirror)), mirror) << "the mirror's text";
  }
  EXPECT_EQ(to_string(mirrored(layer_list_from("28x28,conv:16x3s2,conv:32x3s2,30"), "layers")),
            "30,7x7x32,tconv:16x3s2,tconv:1x3s2");
}

TEST(LayerList, refuses_items_that_are_not_layers) {
  for (const std::string text :
       {"784,x", "784,,30", "conv:16", "28x28,conv:16x3q2", "28x28,conv:16x3s", "28x28,tconv:x3",
        "28x28,conv:16x-3", "28x28,conv:16x3o1", "28x28x1x1", "28x,30", "64,conv1d:4x3x3",
        "8x8x8,conv3d:4x3x3", "8x8x8x2x2,conv3d:4x3", "8x8x8x2,conv1d:4x3", "64,conv4d:4x3",
        "64,conv1d:4x3s2x2", "784,conv:99999999999999999999x3"}) {
    EXPECT_THROW((void)layer_list_from(text), Error) << text;
  }
}

TEST(LayerList, refuses_layers_that_do_not_fit) {
  const auto expect_names = [](const std::string& text, const std::vector<std::string>& names) {
    for (const auto& name : names)
      EXPECT_NE(refusal(text).find(name), std::string::npos) << text << ": " << refusal(text);
  };
  expect_names("784,conv:16x3", {"--layers", "conv:16x3", "784", "vector", "28x28"});
  expect_names("28x28,30,conv:16x3", {"conv:16x3", "30"});
  expect_names("conv:16x3,30", {"--layers", "begins"});
  expect_names("4x4,conv:8x7p1", {"conv:8x7p1", "4x4"});
  expect_names("28x28,conv:0x3", {"channels"});
  expect_names("28x28,conv:4x0", {"kernel"});
  expect_names("28x28,conv:4x3s0", {"stride"});
  expect_names("28x28,conv:4x3p3", {"padding"});
  expect_names("28x28,tconv:4x3s2o2", {"output padding"});
  expect_names("784,0", {"width", "0"});
  expect_names("1000x1000,tconv:1000000x3s1000", {"too large"});
  expect_names("784,conv3d:16x3", {"conv3d:16x3", "784", "vector", "16x28x28"});
  expect_names("16x16x3,conv1d:4x3", {"conv1d:4x3", "16x16x3", "image", "use conv: there"});
  expect_names("28x28,conv3d:4x3", {"volumes", "28x28", "an image", "use conv: there"});
  expect_names("64x3,conv1d:4x3,conv:4x3",
               {"images", "conv1d:4x3", "a series", "use conv1d: there"});
  expect_names("8,conv1d:8x9p0", {"conv1d:8x9p0", "a series of 8"});
  EXPECT_EQ(refusal("28x28,conv:4x3s2,9"), "accepted");
}

}  // namespace
}  // namespace hourglass
