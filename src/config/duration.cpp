#include "config/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <vector>

#include "config/setting_rows.hpp"

namespace hourglass {

namespace {

constexpr const char* wanted_duration = "a time such as 3600s, 55m, 4h or 01:30:00";

// "[D-]H:M:S" or "M:S".
double parse_clock(const std::string& name, const std::string& text) {
  const auto dash = text.find('-');
  const double days = dash == std::string::npos
                          ? 0
                          : parse_number<double>(name, text.substr(0, dash), wanted_duration);
  std::istringstream stream(dash == std::string::npos ? text : text.substr(dash + 1));
  std::vector<double> parts;
  for (std::string part; std::getline(stream, part, ':');)
    parts.push_back(parse_number<double>(name, part, wanted_duration));
  if (parts.size() < 2 || parts.size() > 3) bad_value(name, text, wanted_duration);
  double seconds = 0;
  for (const double part : parts) seconds = seconds * 60 + part;
  return days * 86400 + seconds;
}

}  // namespace

double parse_duration(const std::string& name, const std::string& text) {
  double seconds = 0;
  if (text.find(':') != std::string::npos) {
    seconds = parse_clock(name, text);
  } else {
    const auto split = text.find_first_not_of("0123456789.");
    const std::string unit = split == std::string::npos ? "s" : text.substr(split);
    constexpr std::array units = {std::pair{"s", 1.0}, std::pair{"m", 60.0}, std::pair{"min", 60.0},
                                  std::pair{"h", 3600.0}, std::pair{"d", 86400.0}};
    const auto found = std::find_if(units.begin(), units.end(),
                                    [&](const auto& entry) { return unit == entry.first; });
    if (found == units.end() || split == 0) bad_value(name, text, wanted_duration);
    seconds = parse_number<double>(name, text.substr(0, split), wanted_duration) * found->second;
  }
  if (!std::isfinite(seconds) || seconds < 0) bad_value(name, text, wanted_duration);
  return seconds;
}

std::string format_duration(double seconds) {
  for (const auto& [size, unit] : {std::pair{86400.0, "d"}, {3600.0, "h"}, {60.0, "m"}}) {
    if (seconds >= size && std::fmod(seconds, size) == 0)
      return fmt::format("{}{}", seconds / size, unit);
  }
  return fmt::format("{}s", seconds);
}

}  // namespace hourglass
