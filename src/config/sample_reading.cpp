#include "config/sample_reading.hpp"

#include "model/sample_grid.hpp"

namespace hourglass {

Index leading_channels(const TrainConfig& config) {
  if (config.channels != ChannelOrder::first) return 0;
  const ImageShape grid = grid_of(config.model);
  return grid.known() ? grid.channels : 0;
}

ReadOptions sample_reading(const TrainConfig& config) {
  ReadOptions reading = config.reading;
  reading.leading_channels = leading_channels(config);
  return reading;
}

}  // namespace hourglass
