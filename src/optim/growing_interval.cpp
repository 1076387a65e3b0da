#include "optim/growing_interval.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace hourglass {

Index growing_interval(Index step, Index share, Index every) {
  const auto part = static_cast<std::uint64_t>(std::max<Index>(step / share, 1));
  return std::min(every, static_cast<Index>(std::bit_floor(part)));
}

}  // namespace hourglass
