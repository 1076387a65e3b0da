#include "core/channel_order.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(ChannelOrder, names_and_back) {
  for (const ChannelOrder order :
       {ChannelOrder::automatic, ChannelOrder::first, ChannelOrder::last})
    EXPECT_EQ(channel_order_from(name_of(order)), order);
  EXPECT_THROW(static_cast<void>(channel_order_from("middle")), Error);
}

// Every element of every sample stands where its channel and place say, in all sizes of elements.
TEST(ToChannelsLast, moves_every_element_and_back) {
  constexpr Index samples = 3;
  for (const Index bytes : {1, 2, 4, 8}) {
    for (const auto& [channels, places] :
         std::vector<std::pair<Index, Index>>{{3, 5}, {1, 7}, {4, 1}, {2, 64}, {3, 65}, {5, 200}}) {
      const ChannelGrid grid{channels, places, bytes};
      const Index sample = channels * places * bytes;
      std::vector<std::byte> first(static_cast<std::size_t>(samples * sample));
      for (std::size_t i = 0; i < first.size(); ++i)
        first[i] = static_cast<std::byte>((i * 31 + i / 251) % 256);
      std::vector<std::byte> last(first.size());
      to_channels_last(grid, first, last);
      for (Index s = 0; s < samples; ++s) {
        for (Index c = 0; c < channels; ++c) {
          for (Index p = 0; p < places; ++p) {
            EXPECT_EQ(grid.stored_index(p * channels + c), c * places + p);
            for (Index b = 0; b < bytes; ++b) {
              const Index from = s * sample + (c * places + p) * bytes + b;
              const Index to = s * sample + (p * channels + c) * bytes + b;
              ASSERT_EQ(last[static_cast<std::size_t>(to)], first[static_cast<std::size_t>(from)]);
            }
          }
        }
      }
      std::vector<std::byte> back(first.size());
      to_channels_first(grid, last, back);
      EXPECT_EQ(back, first);
    }
  }
}

TEST(ToChannelsLast, of_parts_of_samples_is_a_bug) {
  std::vector<std::byte> from(11);
  std::vector<std::byte> to(11);
  EXPECT_THROW(to_channels_last({3, 2, 1}, from, to), Error);
}

}  // namespace
}  // namespace hourglass
