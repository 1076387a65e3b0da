#include "data/date_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr double seconds_per_day = 86400;
constexpr int most_decimals = 9;

/// Takes pieces off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char front() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char letter) {
    if (front() != letter) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A number of `fewest` to `most` digits; -1 when there is none, or more digits follow.
  int number(std::size_t fewest, std::size_t most, std::size_t* digits = nullptr) {
    std::size_t count = 0;
    int value = 0;
    while (count < rest_.size() && count <= most && rest_[count] >= '0' && rest_[count] <= '9')
      value = value * 10 + (rest_[count++] - '0');
    if (count < fewest || count > most) return -1;
    rest_.remove_prefix(count);
    if (digits != nullptr) *digits = count;
    return value;
  }
  /// Exactly two digits, whatever follows; -1 when there are none.
  int two_digits() {
    const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    if (rest_.size() < 2 || !is_digit(rest_[0]) || !is_digit(rest_[1])) return -1;
    const int value = (rest_[0] - '0') * 10 + (rest_[1] - '0');
    rest_.remove_prefix(2);
    return value;
  }

 private:
  std::string_view rest_;
};

// ".25" after the seconds: nanoseconds beyond which nothing is kept.
bool read_fraction(Reader& reader, DateText& date) {
  double unit = 0.1;
  int decimals = 0;
  while (reader.front() >= '0' && reader.front() <= '9') {
    if (++decimals > most_decimals) return false;
    date.time += unit * (reader.front() - '0');
    unit /= 10;
    reader.take(reader.front());
  }
  date.format.decimals = decimals;
  return decimals > 0;
}

bool read_zone(Reader& reader, DateText& date) {
  date.format.zone = true;
  if (reader.take('Z')) return true;
  const double sign = reader.front() == '-' ? -1 : 1;
  reader.take(reader.front());
  const int hours = reader.two_digits();
  reader.take(':');
  const int minutes = reader.at_end() ? 0 : reader.two_digits();
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
  date.time -= sign * (hours * 3600 + minutes * 60);
  return true;
}

bool read_time(Reader& reader, DateText& date) {
  const int hours = reader.number(1, 2);
  if (hours < 0 || hours > 23 || !reader.take(':')) return false;
  const int minutes = reader.number(2, 2);
  if (minutes < 0 || minutes > 59) return false;
  date.time = hours * 3600 + minutes * 60;
  if (reader.take(':')) {
    const int seconds = reader.number(2, 2);
    if (seconds < 0 || seconds > 59) return false;
    date.format.seconds = true;
    date.time += seconds;
    if (reader.take('.') && !read_fraction(reader, date)) return false;
  }
  if (reader.at_end()) return true;
  if (reader.front() == 'Z' || reader.front() == '+' || reader.front() == '-')
    return read_zone(reader, date) && reader.at_end();
  return false;
}

std::chrono::year_month_day day_of(const DateText& date, DateOrder order) {
  const auto* n = date.numbers;
  const bool first = order == DateOrder::year_first;
  const int year = first ? n[0] : n[2];
  const int month = order == DateOrder::month_first ? n[0] : n[1];
  const int day = first ? n[2] : (order == DateOrder::day_first ? n[0] : n[1]);
  return {std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
          std::chrono::day(static_cast<unsigned>(day))};
}

}  // namespace

std::optional<DateText> read_date(std::string_view text) {
  // 2024-03-01 is the shortest with a year first, 1/3/2024 the shortest with it last.
  if (text.size() < 8 || text.size() > 40 || text.front() < '0' || text.front() > '9')
    return std::nullopt;
  DateText date;
  Reader reader(text);
  std::size_t digits = 0;
  date.numbers[0] = reader.number(1, 4, &digits);
  date.year_first = digits == 4;
  if (date.numbers[0] < 0 || digits == 3) return std::nullopt;
  const char separator = reader.front();
  if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
  date.format.separator = separator;
  reader.take(separator);
  date.numbers[1] = reader.number(1, 2);
  if (date.numbers[1] < 0 || !reader.take(separator)) return std::nullopt;
  date.numbers[2] = date.year_first ? reader.number(1, 2) : reader.number(4, 4);
  if (date.numbers[2] < 0) return std::nullopt;
  if (!reader.at_end()) {
    date.format.time_mark = reader.front();
    if (!reader.take(' ') && !reader.take('T')) return std::nullopt;
    if (!read_time(reader, date)) return std::nullopt;
  }
  const bool possible = fits(date, DateOrder::year_first) || fits(date, DateOrder::day_first) ||
                        fits(date, DateOrder::month_first);
  return possible ? std::optional(date) : std::nullopt;
}

bool fits(const DateText& date, DateOrder order) {
  return date.year_first == (order == DateOrder::year_first) && day_of(date, order).ok();
}

double seconds_since_1970(const DateText& date, DateOrder order) {
  require(fits(date, order), "a date of another order");
  const auto days = std::chrono::sys_days(day_of(date, order)).time_since_epoch().count();
  return static_cast<double>(days) * seconds_per_day + date.time;
}

std::string to_string(const DateFormat& format) {
  const char s = format.separator;
  std::string text = format.order == DateOrder::year_first  ? fmt::format("%Y{0}%m{0}%d", s)
                     : format.order == DateOrder::day_first ? fmt::format("%d{0}%m{0}%Y", s)
                                                            : fmt::format("%m{0}%d{0}%Y", s);
  if (format.time_mark == '\0') return text;
  text += format.time_mark;
  text += format.seconds ? "%H:%M:%S" : "%H:%M";
  if (format.decimals > 0) text += fmt::format(".%{}f", format.decimals);
  if (format.zone) text += "%z";
  return text;
}

DateFormat date_format_from(std::string_view text) {
  DateFormat format;
  // Few enough to be compared one by one.
  for (const DateOrder order :
       {DateOrder::year_first, DateOrder::day_first, DateOrder::month_first}) {
    for (const char separator : {'-', '/', '.'}) {
      format = {order, separator};
      if (to_string(format) == text) return format;
      for (const char mark : {' ', 'T'}) {
        format.time_mark = mark;
        for (const bool zone : {false, true}) {
          format.zone = zone;
          format.seconds = false;
          format.decimals = 0;
          if (to_string(format) == text) return format;
          format.seconds = true;
          for (format.decimals = 0; format.decimals <= most_decimals; ++format.decimals) {
            if (to_string(format) == text) return format;
          }
        }
      }
    }
  }
  throw Error(ErrorKind::data, "'" + std::string(text) + "' is not a format of dates");
}

std::string date_text(double seconds, const DateFormat& format) {
  constexpr double first = -62167219200.0;  // 0000-01-01
  constexpr double last = 253402300799.0;   // 9999-12-31T23:59:59
  const double scale = std::pow(10.0, format.decimals);
  const double unit =
      format.time_mark == '\0' ? seconds_per_day : (format.seconds ? 1 / scale : 60.0);
  const double inside = std::isfinite(seconds) ? std::clamp(seconds, first, last) : 0;
  // Whole units: a remainder of 59.9996 s must carry into the minutes.
  const double units = format.seconds ? std::round(inside * scale) : std::round(inside / unit);
  const double per_day = format.seconds ? seconds_per_day * scale : seconds_per_day / unit;
  const double days = std::min(std::floor(units / per_day), std::floor(last / seconds_per_day));
  const auto rest = static_cast<std::int64_t>(units - days * per_day);
  const std::chrono::year_month_day day{
      std::chrono::sys_days(std::chrono::days(static_cast<std::int64_t>(days)))};
  const std::string year = fmt::format("{:04}", static_cast<int>(day.year()));
  const std::string month = fmt::format("{:02}", static_cast<unsigned>(day.month()));
  const std::string number = fmt::format("{:02}", static_cast<unsigned>(day.day()));
  const char s = format.separator;
  std::string text = format.order == DateOrder::year_first  ? year + s + month + s + number
                     : format.order == DateOrder::day_first ? number + s + month + s + year
                                                            : month + s + number + s + year;
  if (format.time_mark == '\0') return text;
  const auto whole = static_cast<std::int64_t>(scale);
  const std::int64_t second = format.seconds ? rest / whole : rest * 60;
  text += fmt::format("{}{:02}:{:02}", format.time_mark, second / 3600, second / 60 % 60);
  if (format.seconds) text += fmt::format(":{:02}", second % 60);
  if (format.decimals > 0) text += fmt::format(".{:0{}}", rest % whole, format.decimals);
  if (format.zone) text += "Z";
  return text;
}

}  // namespace hourglass
