#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass {

/// Levenshtein's distance: the fewest insertions, deletions and replacements of a character that
/// turn one text into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// "; did you mean '...'?" for the nearest of `candidates`, or "" when none is near.
[[nodiscard]] std::string suggestion(std::string_view wrong,
                                     const std::vector<std::string>& candidates,
                                     std::string_view prefix = "");

}  // namespace hourglass
