#include "model/dictionary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<PreBias, std::string_view>, 3> names = {{
    {PreBias::none, "none"},
    {PreBias::mean, "mean"},
    {PreBias::geometric_median, "geometric-median"},
}};

}  // namespace

std::string_view name_of(PreBias pre_bias) {
  const auto* const found =
      std::ranges::find(names, pre_bias, &std::pair<PreBias, std::string_view>::first);
  require(found != names.end(), "a pre-bias without a name");
  return found->second;
}

PreBias pre_bias_from(std::string_view name) {
  const auto* const found =
      std::ranges::find(names, name, &std::pair<PreBias, std::string_view>::second);
  if (found == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown pre-bias '{}'; use one of: {}", name,
                                              fmt::join(pre_bias_names(), ", ")));
  }
  return found->first;
}

std::vector<std::string> pre_bias_names() {
  std::vector<std::string> result;
  for (const auto& [pre_bias, name] : names) result.emplace_back(name);
  return result;
}

}  // namespace hourglass
