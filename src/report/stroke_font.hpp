#pragma once

#include <string_view>

namespace hourglass::detail {

/// The strokes of a printable ASCII character on a grid 5 wide (x = 0..4) and 9 high (y = 0 the top
/// of capitals, 6 the base line, 8 the lowest descender): polylines as pairs of digits "xy",
/// separated by blanks. A polyline of one point is a dot.
[[nodiscard]] std::string_view glyph_strokes(char character);

/// From one character to the next, on the same grid.
inline constexpr double glyph_advance = 5.6;
inline constexpr double glyph_capital_height = 6;

}  // namespace hourglass::detail
