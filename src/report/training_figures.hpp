#pragma once

#include <span>
#include <vector>

#include "report/chart.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// The records of one kind, "epoch" or "step".
[[nodiscard]] std::vector<MetricsRecord> records_of(std::span<const MetricsRecord> records,
                                                    const std::string& kind);

/// Squared error over the epochs, of training and validation samples.
[[nodiscard]] LineChart error_chart(std::span<const MetricsRecord> epochs);
/// The loss that is minimised, and its penalties where there are any, over the steps.
[[nodiscard]] LineChart loss_chart(std::span<const MetricsRecord> records);
[[nodiscard]] LineChart learning_rate_chart(std::span<const MetricsRecord> records);
[[nodiscard]] LineChart throughput_chart(std::span<const MetricsRecord> epochs);
/// Where each epoch's seconds went: computing, exchange that computing did not hide, waiting for
/// input.
[[nodiscard]] BarChart time_chart(std::span<const MetricsRecord> epochs);

}  // namespace hourglass
