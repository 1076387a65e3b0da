#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hourglass {

/// `text` without leading and trailing blanks, tabs and carriage returns.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// The items of a list, trimmed: "8, 16" has two. An empty text has none; two separators in a row
/// enclose an empty item.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator = ',');

/// The words of a text, separated by white space.
[[nodiscard]] std::vector<std::string> split_words(const std::string& text);

/// A field of a CSV file (RFC 4180): quoted when it must be, quotes doubled.
[[nodiscard]] std::string csv_field(const std::string& value);

}  // namespace hourglass
