#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace hourglass {

/// A number with so many decimals; in scientific notation where that would be a row of digits.
[[nodiscard]] inline std::string decimal_text(double value, int decimals) {
  constexpr double longest = 1e9;
  return std::abs(value) < longest ? fmt::format("{:.{}f}", value, decimals)
                                   : fmt::format("{:.6g}", value);
}

}  // namespace hourglass
