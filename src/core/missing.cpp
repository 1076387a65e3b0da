#include "core/missing.hpp"

#include <array>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<Missing, std::string_view>, 3> names = {{
    {Missing::refuse, "refuse"},
    {Missing::mask, "mask"},
    {Missing::mean, "mean"},
}};

}  // namespace

std::string_view name_of(Missing missing) {
  for (const auto& [value, name] : names) {
    if (value == missing) return name;
  }
  throw Error(ErrorKind::bug, "internal error: unknown treatment of missing values");
}

Missing missing_from(std::string_view name) {
  for (const auto& [value, value_name] : names) {
    if (value_name == name) return value;
  }
  std::string known;
  for (const std::string& each : missing_names()) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::usage, "unknown treatment of missing values '" + std::string(name) +
                                    "': use one of " + known);
}

std::vector<std::string> missing_names() {
  std::vector<std::string> result;
  for (const auto& [value, name] : names) result.emplace_back(name);
  return result;
}

}  // namespace hourglass
