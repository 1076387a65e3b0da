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
/// The loss, and its penalties if there are any, over the steps.
[[nodiscard]] LineChart loss_chart(std::span<const MetricsRecord> records);
/// Variational codes: the number of used units over the epochs, of training and validation samples.
[[nodiscard]] LineChart used_units_chart(std::span<const MetricsRecord> epochs);
/// Their KL divergences from the prior, the largest first.
[[nodiscard]] LineChart divergence_chart(std::span<const double> divergences);
[[nodiscard]] LineChart learning_rate_chart(std::span<const MetricsRecord> records);
[[nodiscard]] LineChart throughput_chart(std::span<const MetricsRecord> epochs);
/// Seconds per epoch: computing, exchange not hidden behind computing, waiting for input.
[[nodiscard]] BarChart time_chart(std::span<const MetricsRecord> epochs);

}  // namespace hourglass
