#pragma once

#include <optional>
#include <string>

#include "data/row_correlation.hpp"
#include "data/shard_order.hpp"
#include "data/shard_plan.hpp"

namespace hourglass {

/// One line when neighbouring samples are alike and the windows within which they are shuffled hold
/// few different ones, so that successive steps see nearly the same samples; names settings that
/// shuffle better. Rows of single blocks are cheap to mix in memory; streamed, larger windows of
/// the same blocks read the file as fast.
[[nodiscard]] std::optional<std::string> shuffle_advice(const RowCorrelation& correlation,
                                                        const ShardPlan& plan,
                                                        const ShuffleSettings& shuffle,
                                                        bool in_memory);

}  // namespace hourglass
