#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hourglass {

/// The order of day, month and year in a date of numbers.
enum class DateOrder { year_first, day_first, month_first };

/// How dates and times are written, learned from their texts.
struct DateFormat {
  DateOrder order = DateOrder::year_first;
  char separator = '-';   ///< between day, month and year: - / or .
  char time_mark = '\0';  ///< before the time: a blank or T; 0: dates without time
  bool seconds = false;   ///< 12:30:05, not 12:30
  int decimals = 0;       ///< of the seconds, at most 9
  bool zone = false;      ///< Z or +01:00 at the end; texts without one are taken for UTC
  bool operator==(const DateFormat&) const = default;
};

/// A date as its text says it, before the order of its numbers is known.
struct DateText {
  int numbers[3] = {};  ///< as they stand
  bool year_first = false;
  DateFormat format;  ///< but for the order
  double time = 0;    ///< seconds since midnight in UTC: the zone is taken off
};

/// ISO 8601 (2024-03-01, 2024-03-01T12:30:05.25+01:00, with a blank for the T) and the same with
/// other orders and separators: 01.03.2024, 3/1/2024 12:30. Nothing when it is not such a text.
[[nodiscard]] std::optional<DateText> read_date(std::string_view text);

/// Whether the numbers are a day of the calendar in this order.
[[nodiscard]] bool fits(const DateText& date, DateOrder order);

/// Seconds since 1970-01-01 00:00 UTC, without leap seconds. The date must fit the order.
[[nodiscard]] double seconds_since_1970(const DateText& date, DateOrder order);

/// As strftime writes it, with %f for decimals of the seconds: "%Y-%m-%dT%H:%M:%S.%3f%z".
[[nodiscard]] std::string to_string(const DateFormat& format);
/// Throws Error(data), with the reason alone, for a text that to_string() does not write.
[[nodiscard]] DateFormat date_format_from(std::string_view text);

/// The text of a time in this format, rounded to what the format shows; in UTC. Times beyond the
/// years 0 to 9999 are cut to them.
[[nodiscard]] std::string date_text(double seconds, const DateFormat& format);

}  // namespace hourglass
