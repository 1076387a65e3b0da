#include "core/channel_order.hpp"

#include <algorithm>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Places of a block: its columns stay in the first-level cache while all channels pass.
constexpr Index block_places = 64;

// From rows x columns to columns x rows elements; either memory may be unaligned.
template <std::size_t Bytes>
void transpose(Index rows, Index columns, const std::byte* from, std::byte* to) {
  constexpr auto bytes = static_cast<Index>(Bytes);
  for (Index begin = 0; begin < columns; begin += block_places) {
    const Index end = std::min(columns, begin + block_places);
    for (Index r = 0; r < rows; ++r) {
      for (Index c = begin; c < end; ++c)
        std::memcpy(to + (c * rows + r) * bytes, from + (r * columns + c) * bytes, Bytes);
    }
  }
}

void transpose_samples(Index rows, Index columns, Index element_bytes,
                       std::span<const std::byte> from, std::span<std::byte> to) {
  const Index sample = rows * columns * element_bytes;
  require(from.size() == to.size() && static_cast<Index>(from.size()) % sample == 0,
          "samples that do not fit their channels");
  for (Index at = 0; at < static_cast<Index>(from.size()); at += sample) {
    const std::byte* const source = from.data() + at;
    std::byte* const target = to.data() + at;
    switch (element_bytes) {
      case 1:
        transpose<1>(rows, columns, source, target);
        break;
      case 2:
        transpose<2>(rows, columns, source, target);
        break;
      case 4:
        transpose<4>(rows, columns, source, target);
        break;
      default:
        require(element_bytes == 8, "elements of an unknown size");
        transpose<8>(rows, columns, source, target);
    }
  }
}

}  // namespace

std::string_view name_of(ChannelOrder order) {
  if (order == ChannelOrder::first) return "first";
  return order == ChannelOrder::last ? "last" : "auto";
}

ChannelOrder channel_order_from(std::string_view name) {
  for (const ChannelOrder order :
       {ChannelOrder::automatic, ChannelOrder::first, ChannelOrder::last}) {
    if (name_of(order) == name) return order;
  }
  throw Error(ErrorKind::usage,
              "unknown order '" + std::string(name) + "'; use one of: auto, first, last");
}

void to_channels_last(const ChannelGrid& grid, std::span<const std::byte> from,
                      std::span<std::byte> to) {
  transpose_samples(grid.channels, grid.places, grid.element_bytes, from, to);
}

void to_channels_first(const ChannelGrid& grid, std::span<const std::byte> from,
                       std::span<std::byte> to) {
  transpose_samples(grid.places, grid.channels, grid.element_bytes, from, to);
}

}  // namespace hourglass
