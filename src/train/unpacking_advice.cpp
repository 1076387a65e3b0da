#include "train/unpacking_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hourglass {

std::optional<std::string> unpacking_advice(const DatasetInfo& data, const ShardPlan& plan,
                                            const TrainConfig& config) {
  constexpr Index tolerable = 3;
  const auto parts = [](Index whole, Index part) { return (whole + part - 1) / part; };
  const Index together = std::min(data.rows_per_unpacking, data.rows());
  const Index shard_rows = plan.shard_rows(0).size();
  const Index window_rows = config.shuffle_block * config.shuffle_window;
  if (config.shuffle_block >= together || window_rows <= 0) return std::nullopt;
  // At most once in each window, and once for each of its blocks.
  const Index times =
      std::min(parts(together, config.shuffle_block), parts(shard_rows, window_rows));
  if (times <= tolerable) return std::nullopt;
  return fmt::format(
      "advice: {} is compressed in chunks of {} rows, each of which is unpacked about {} times per "
      "epoch: a new run with --shuffle-block {} --shuffle-window {} unpacks each at most twice",
      to_string(data.address), together, times, together,
      std::max<Index>(2, window_rows / together));
}

}  // namespace hourglass
