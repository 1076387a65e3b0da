#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Where the channels of a sample stand among its axes.
enum class ChannelOrder {
  automatic,  ///< not said: as the data make it plain
  first,      ///< C x H x W, as PyTorch has them
  last,       ///< H x W x C
};
[[nodiscard]] std::string_view name_of(ChannelOrder order);  ///< "auto", "first", "last"
/// Throws Error(usage) that lists the names.
[[nodiscard]] ChannelOrder channel_order_from(std::string_view name);

/// The extents of samples, and of each element its bytes.
struct ChannelGrid {
  Index channels = 1;
  Index places = 1;  ///< pixels, times, voxels
  Index element_bytes = 1;

  /// The place, with the channels first, of element `index` with the channels last.
  [[nodiscard]] Index stored_index(Index index) const {
    return index % channels * places + index / channels;
  }
};

/// Copies samples one after the other, each from channels x places to places x channels elements;
/// and back. Both spans hold the same whole number of samples and do not overlap.
void to_channels_last(const ChannelGrid& grid, std::span<const std::byte> from,
                      std::span<std::byte> to);
void to_channels_first(const ChannelGrid& grid, std::span<const std::byte> from,
                       std::span<std::byte> to);

}  // namespace hourglass
