#pragma once

#include <string>

#include "report/chart.hpp"

namespace hourglass {

/// A chart in plain characters, `columns` wide, for terminals: each series has a mark, and
/// later series cover earlier ones.
[[nodiscard]] std::string text_chart(const LineChart& chart, int columns = 72, int lines = 14);

}  // namespace hourglass
