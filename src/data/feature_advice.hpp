#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/row_sample.hpp"
#include "data/statistics.hpp"

namespace hourglass {

/// One line that names the features that count as constant under --normalize standardize, and which
/// of them vary a little; nothing when there are none.
[[nodiscard]] std::optional<std::string> constant_feature_advice(
    const FeatureStatistics& statistics);

/// One line for a value more than 10^6 times as far from the others of its feature as those are
/// from each other (by their median distance from their median): a fill value that nothing marks as
/// one, such as 1e20, after which standardized values are all the same number. Features of which
/// fewer than three other values differ are left alone.
/// Values of `missing` are known as such and do not count.
[[nodiscard]] std::optional<std::string> fill_value_advice(const DatasetReader& reader,
                                                           const RowSample& sample,
                                                           const std::vector<double>& missing = {});

/// One line for validation or test samples unlike the training data: features that counted as
/// constant there (known from `training`, which may be null) and have another value here, or values
/// that the standardization cuts (most_deviations).
[[nodiscard]] std::optional<std::string> unfamiliar_feature_advice(
    const DatasetReader& reader, const RowSample& sample, const InputTransform& transform,
    const FeatureStatistics* training);

}  // namespace hourglass
