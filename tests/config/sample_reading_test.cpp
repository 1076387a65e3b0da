#include "config/sample_reading.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(LeadingChannels, are_those_of_the_grid_when_they_are_said_to_be_first) {
  TrainConfig config;
  config.model.encoder = layer_list_from("16x8x3,conv:4x3,9");
  EXPECT_EQ(leading_channels(config), 0);
  config.channels = ChannelOrder::last;
  EXPECT_EQ(leading_channels(config), 0);
  config.channels = ChannelOrder::first;
  EXPECT_EQ(leading_channels(config), 3);
  config.model.encoder = layer_list_from("384,9");
  EXPECT_EQ(leading_channels(config), 0) << "unknown until the data are open";
}

TEST(SampleReading, adds_them_to_the_options_of_the_run) {
  TrainConfig config;
  config.model.encoder = layer_list_from("64x3,conv1d:4x3,9");
  config.channels = ChannelOrder::first;
  config.reading.allow_external = true;
  EXPECT_EQ(sample_reading(config).leading_channels, 3);
  EXPECT_TRUE(sample_reading(config).allow_external);
}

}  // namespace
}  // namespace hourglass
