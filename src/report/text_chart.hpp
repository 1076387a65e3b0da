#pragma once

#include <string>

#include "report/chart.hpp"

namespace hourglass {

/// A chart in plain characters, `columns` wide, for terminals: each series has a letter, its marks
/// that of the last series drawn.
[[nodiscard]] std::string text_chart(const LineChart& chart, int columns = 72, int lines = 14);

}  // namespace hourglass
