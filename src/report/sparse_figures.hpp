#pragma once

#include <span>

#include "report/chart.hpp"
#include "run/metrics.hpp"

namespace hourglass {

// Charts of runs with a sparse code, from epoch records that have MetricsRecord::sparse_use.

/// The fraction of variance unexplained, of training and, where there is one, of validation.
[[nodiscard]] LineChart unexplained_chart(std::span<const MetricsRecord> epochs);
/// Dead units in percent.
[[nodiscard]] LineChart dead_units_chart(std::span<const MetricsRecord> epochs);
/// Active units per sample.
[[nodiscard]] LineChart active_units_chart(std::span<const MetricsRecord> epochs);
/// Units by the share of samples that use them, in decades; of one epoch.
[[nodiscard]] BarChart use_chart(const MetricsRecord& epoch);

}  // namespace hourglass
