#include "engine/sample_layout.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hourglass/core/error.hpp"
#include "model/sample_grid.hpp"

namespace hourglass {
namespace {

DatasetInfo info_of(const std::vector<Index>& sample, const std::vector<std::string>& axes = {}) {
  DatasetInfo info;
  info.address = {"d.h5", "/x", {}};
  info.shape = {100};
  info.shape.insert(info.shape.end(), sample.begin(), sample.end());
  info.axes = axes;
  return info;
}

TrainConfig config_of(const std::string& layers, ChannelOrder channels = ChannelOrder::automatic,
                      const std::string& image = "") {
  TrainConfig config;
  config.model.encoder = layer_list_from(layers);
  config.model.image = image_shape_from(image);
  config.channels = channels;
  return config;
}

std::string refusal(const TrainConfig& config, const DatasetInfo& info) {
  try {
    static_cast<void>(with_sample_layout(config, info));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.reach(), Reach::everywhere);
    return error.what();
  }
  return "accepted";
}

ChannelOrder order_of(const std::string& layers, const std::vector<Index>& sample) {
  return with_sample_layout(config_of(layers), info_of(sample)).channels;
}

TEST(PlainChannelOrder, is_told_by_extents_of_which_one_is_small) {
  using Extents = std::vector<Index>;
  for (const Index channels : {1, 2, 3, 4}) {
    EXPECT_EQ(plain_channel_order(Extents{channels, 16, 16}, {}), ChannelOrder::first);
    EXPECT_EQ(plain_channel_order(Extents{16, 16, channels}, {}), ChannelOrder::last);
    EXPECT_EQ(plain_channel_order(Extents{channels, 64}, {}), ChannelOrder::first);
    EXPECT_EQ(plain_channel_order(Extents{64, channels}, {}), ChannelOrder::last);
    EXPECT_EQ(plain_channel_order(Extents{channels, 8, 9, 10}, {}), ChannelOrder::first);
  }
  for (const Extents& sample : {Extents{3, 16, 4}, Extents{5, 16, 16}, Extents{48, 48, 48},
                                Extents{12, 64}, Extents{64}, Extents{}})
    EXPECT_EQ(plain_channel_order(sample, {}), ChannelOrder::automatic);
}

TEST(PlainChannelOrder, is_told_by_names_before_extents) {
  const std::vector<Index> sample = {16, 16, 3};
  using Names = std::vector<std::string>;
  EXPECT_EQ(plain_channel_order(sample, Names{"Band", "y", "x"}), ChannelOrder::first);
  EXPECT_EQ(plain_channel_order(std::vector<Index>{48, 48, 48}, Names{"y", "x", "channel"}),
            ChannelOrder::last);
  EXPECT_EQ(plain_channel_order(sample, Names{"lat", "lon", "time"}), ChannelOrder::last);
  EXPECT_EQ(plain_channel_order(sample, Names{"channel"}), ChannelOrder::last) << "other axes";
}

TEST(WithSampleLayout, finds_out_where_the_channels_of_images_are) {
  EXPECT_EQ(order_of("16x16x3,conv:4x3,9", {3, 16, 16}), ChannelOrder::first);
  EXPECT_EQ(order_of("16x16x3,conv:4x3,9", {16, 16, 3}), ChannelOrder::last);
  EXPECT_EQ(order_of("64x3,conv1d:4x3,9", {3, 64}), ChannelOrder::first);
  EXPECT_EQ(order_of("8x9x10x2,conv3d:4x3,9", {2, 8, 9, 10}), ChannelOrder::first);
  EXPECT_EQ(order_of("5x7x6,conv:4x3,9", {6, 5, 7}), ChannelOrder::first) << "by --layers";
  EXPECT_EQ(order_of("28x28,conv:4x3,9", {28, 28}), ChannelOrder::automatic) << "no channels";
  EXPECT_EQ(order_of("8x9x10,conv3d:4x3,9", {8, 9, 10}), ChannelOrder::automatic);
  EXPECT_EQ(order_of("64,conv1d:4x3,9", {64}), ChannelOrder::automatic);
  const TrainConfig ssim = [] {
    TrainConfig config = config_of("768,9");
    config.model.loss = Loss::ssim;
    return with_sample_layout(config, info_of({3, 16, 16}));
  }();
  EXPECT_EQ(ssim.channels, ChannelOrder::first);
  EXPECT_EQ(ssim.model.image, (ImageShape{16, 16, 3}));
}

TEST(WithSampleLayout, refuses_shapes_that_leave_the_order_open) {
  const std::string images = refusal(config_of("48x48x48,conv:4x3,9"), info_of({48, 48, 48}));
  EXPECT_NE(images.find("48x48x48"), std::string::npos) << images;
  EXPECT_NE(images.find("--channels first or --channels last, or use conv3d:"), std::string::npos)
      << images;
  const std::string series = refusal(config_of("64x12,conv1d:4x3,9"), info_of({64, 12}));
  EXPECT_NE(series.find("--channels first or --channels last"), std::string::npos) << series;
  EXPECT_EQ(series.find("conv3d"), std::string::npos) << series;
  for (const auto order : {ChannelOrder::first, ChannelOrder::last})
    EXPECT_EQ(refusal(config_of("48x48x48,conv:4x3,9", order), info_of({48, 48, 48})), "accepted");
  EXPECT_EQ(refusal(config_of("48x48x48,conv3d:4x3,9"), info_of({48, 48, 48})), "accepted");
}

TEST(WithSampleLayout, refuses_a_shape_that_takes_leading_channels_as_height) {
  const std::string layers = refusal(config_of("3x16x16,conv:4x3,9"), info_of({3, 16, 16}));
  EXPECT_NE(layers.find("make it 16x16x3, or say --channels last"), std::string::npos) << layers;
  const std::string image = refusal(
      config_of("3x16x16,conv:4x3,9", ChannelOrder::automatic, "3x16x16"), info_of({3, 16, 16}));
  EXPECT_NE(image.find("make it 16x16x3, or say --channels last"), std::string::npos) << image;
  EXPECT_EQ(refusal(config_of("3x16x16,conv:4x3,9", ChannelOrder::last), info_of({3, 16, 16})),
            "accepted");
  const std::string volume = refusal(config_of("6x6x3x2,conv3d:4x3,9"), info_of({6, 6, 6}));
  EXPECT_NE(volume.find("are 6x6x6: make it 6x6x6"), std::string::npos) << volume;
  const std::string reverse = refusal(config_of("3x16x16,conv:4x3,9"), info_of({16, 16, 3}));
  EXPECT_NE(reverse.find("make it 16x16x3"), std::string::npos) << reverse;
}

TEST(WithSampleLayout, refuses_such_a_shape_of_flat_rows) {
  for (const std::string text :
       {"3x16x16,conv:4x3,9", "1x28x28,conv:4x3,9", "3x64,conv1d:4x3,9", "2x8x9x10,conv3d:4x3,9"}) {
    const TrainConfig config = config_of(text);
    const Index features = grid_of(config.model).size();
    EXPECT_NE(refusal(config, info_of({features})).find("--channels first, or say --channels last"),
              std::string::npos)
        << text;
    EXPECT_EQ(refusal(config_of(text, ChannelOrder::last), info_of({features})), "accepted");
  }
  for (const std::string text : {"16x16x3,conv:4x3,9", "1x64x16,conv:4x3,9", "2x5x7,conv:4x3,9",
                                 "3x4,conv:4x3,9", "64x3,conv1d:4x3,9"}) {
    const TrainConfig config = config_of(text);
    EXPECT_EQ(refusal(config, info_of({grid_of(config.model).size()})), "accepted") << text;
  }
}

TEST(WithSampleLayout, leaves_networks_of_dense_layers_as_they_were) {
  const TrainConfig first = with_sample_layout(config_of("768,9"), info_of({3, 16, 16}));
  EXPECT_EQ(first.channels, ChannelOrder::automatic);
  EXPECT_FALSE(first.model.image.known()) << "no pictures of 16 channels";
  EXPECT_NE(layout_note(first, info_of({3, 16, 16})).find("--channels first"), std::string::npos);
  const TrainConfig told =
      with_sample_layout(config_of("768,9", ChannelOrder::first), info_of({3, 16, 16}));
  EXPECT_EQ(told.model.image, (ImageShape{16, 16, 3}));
  EXPECT_EQ(with_sample_layout(config_of("768,9"), info_of({16, 16, 3})).model.image,
            (ImageShape{16, 16, 3}));
  EXPECT_EQ(with_sample_layout(config_of("110592,9"), info_of({48, 48, 48})).model.image,
            (ImageShape{48, 48, 48}));
  EXPECT_EQ(with_sample_layout(config_of("16x16x3,9"), info_of({3, 16, 16})).channels,
            ChannelOrder::first);
}

TEST(LayoutNote, says_how_the_channels_are_taken) {
  DatasetInfo read = info_of({16, 16, 3});
  const TrainConfig last = with_sample_layout(config_of("16x16x3,conv:4x3,9"), read);
  EXPECT_EQ(layout_note(last, read), "the channels of a sample are last, 3 of 16x16x3");
  read.leading_channels = 3;
  const TrainConfig first = with_sample_layout(config_of("16x16x3,conv:4x3,9"), read);
  EXPECT_EQ(first.channels, ChannelOrder::first);
  EXPECT_EQ(layout_note(first, read),
            "the 3 channels of a sample are stored first and read last, as 16x16x3");
  EXPECT_EQ(layout_note(config_of("28x28,conv:4x3,9"), info_of({28, 28})), "");
}

}  // namespace
}  // namespace hourglass
