#include "train/shuffle_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hourglass {

namespace {

// Different samples that windows should hold: with a sixteenth of them (the standard 64 blocks of a
// window) the error of runs of 1024 near-duplicates was 1.5 times that of a full shuffle.
constexpr Index enough = 1024;

}  // namespace

std::optional<std::string> shuffle_advice(const RowCorrelation& correlation, const ShardPlan& plan,
                                          const ShuffleSettings& shuffle, bool in_memory) {
  if (correlation.length <= 1) return std::nullopt;
  // Rows at half the distance lie in one run with probability one half.
  const Index run = 2 * correlation.length;
  const Index shard = std::max<Index>(1, plan.shard_rows(0).size());
  const Index available = std::max<Index>(1, shard / run);
  const auto different = [&](Index block, Index window) {
    const Index blocks = std::min(window, std::max<Index>(1, shard / block));
    return std::min(available, blocks * std::max<Index>(1, block / run));
  };
  const Index wanted = std::min(enough, std::max<Index>(1, available * 9 / 10));
  if (different(shuffle.block, shuffle.window) >= wanted) return std::nullopt;
  Index block = shuffle.block;
  Index window = shuffle.window;
  if (in_memory) {
    block = 1;
    window = std::max(shuffle.block * shuffle.window, 2 * enough);
  } else {
    while (different(block, window) < wanted && window * block < shard) window *= 2;
  }
  const std::string text = fmt::format(
      "neighbouring samples are alike (their squared distance is {:.2g} of that of samples far "
      "apart, and half of it after about {} rows), but a shuffle window holds few different ones: "
      "use ",
      correlation.neighbour_distance, correlation.length);
  return "advice: " + text +
         (in_memory ? fmt::format("--shuffle-block {} --shuffle-window {}", block, window)
                    : fmt::format("--shuffle-window {}", window));
}

}  // namespace hourglass
