#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/metrics.hpp"

namespace hourglass {

/// A line of metrics.jsonl, without its end; none when it is no record.
[[nodiscard]] std::optional<MetricsRecord> metrics_record(const std::string& line);

/// The records of a metrics.jsonl, in order. Keys that this version does not know are passed over;
/// a last line without its end (a run that is just writing it) counts as not there. Throws
/// Error(io) when the file cannot be read and Error(data) naming the invalid line.
[[nodiscard]] std::vector<MetricsRecord> read_metrics(const std::string& path);

}  // namespace hourglass
