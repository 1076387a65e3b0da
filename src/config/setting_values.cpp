#include <algorithm>
#include <map>

#include "config/setting_rows.hpp"

namespace hourglass {

void bad_value(const std::string& name, const std::string& text, const std::string& wanted) {
  // A suggestion at the end of what is wanted goes to the end of the sentence.
  const std::size_t end = std::min(wanted.find("; did you mean"), wanted.size());
  throw Error(ErrorKind::usage, fmt::format("--{} is '{}', but {} is expected{}", name, text,
                                            wanted.substr(0, end), wanted.substr(end)));
}

bool parse_bool(const std::string& name, const std::string& text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  bad_value(name, text, "true or false");
}

std::string format_interval(const Interval& interval) {
  static constexpr const char* units[] = {"steps", "epochs", "s"};
  return fmt::format("{}{}", interval.count, units[static_cast<int>(interval.unit)]);
}

Interval parse_interval(const std::string& name, const std::string& text) {
  static const std::map<std::string, Interval::Unit> units = {
      {"steps", Interval::Unit::steps},  {"step", Interval::Unit::steps},
      {"", Interval::Unit::steps},       {"epochs", Interval::Unit::epochs},
      {"epoch", Interval::Unit::epochs}, {"s", Interval::Unit::seconds}};
  const auto split = text.find_first_not_of("0123456789.");
  const std::string number = text.substr(0, split);
  const auto unit = units.find(split == std::string::npos ? "" : text.substr(split));
  if (unit == units.end() || number.empty())
    bad_value(name, text, "a number with a unit: 500steps, 1epochs or 600s");
  const Interval interval{
      parse_number<double>(name, number, "a number with a unit: 500steps, 1epochs or 600s"),
      unit->second};
  if (interval.unit != Interval::Unit::seconds && interval.count != std::floor(interval.count)) {
    bad_value(name, text, "a whole number of steps or epochs");
  }
  return interval;
}

Index parse_bytes(const std::string& name, const std::string& text) {
  static const std::map<std::string, int> units = {{"", 0},   {"B", 0},    {"K", 10}, {"KiB", 10},
                                                   {"M", 20}, {"MiB", 20}, {"G", 30}, {"GiB", 30},
                                                   {"T", 40}, {"TiB", 40}};
  if (text == "auto") return -1;
  const auto split = text.find_first_not_of("0123456789");
  const auto unit = units.find(split == std::string::npos ? "" : text.substr(split));
  if (split == 0 || unit == units.end())
    bad_value(name, text, "a size such as 4GiB, 100MiB or 65536");
  const auto count =
      parse_number<Index>(name, text.substr(0, split), "a size such as 4GiB, 100MiB or 65536");
  if (count > (Index{1} << (62 - unit->second))) bad_value(name, text, "a smaller size");
  return count << unit->second;
}

std::string format_bytes(Index bytes) {
  if (bytes < 0) return "auto";
  for (const auto& [shift, unit] : {std::pair{40, "TiB"}, {30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
    const Index size = Index{1} << shift;
    if (bytes >= size && bytes % size == 0) return fmt::format("{}{}", bytes / size, unit);
  }
  return std::to_string(bytes);
}

}  // namespace hourglass
