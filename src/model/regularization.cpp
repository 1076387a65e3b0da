#include "model/regularization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<ContractiveMethod, std::string_view>, 4> names = {{
    {ContractiveMethod::automatic, "auto"},
    {ContractiveMethod::closed_form, "closed-form"},
    {ContractiveMethod::exact, "exact"},
    {ContractiveMethod::hutchinson, "hutchinson"},
}};

}  // namespace

std::string_view name_of(ContractiveMethod method) {
  const auto* entry =
      std::ranges::find(names, method, &std::pair<ContractiveMethod, std::string_view>::first);
  require(entry != names.end(), "a method without a name");
  return entry->second;
}

ContractiveMethod contractive_method_from(std::string_view name) {
  const auto* entry =
      std::ranges::find(names, name, &std::pair<ContractiveMethod, std::string_view>::second);
  if (entry == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown method '{}'; use one of: {}", name,
                                              fmt::join(contractive_method_names(), ", ")));
  }
  return entry->first;
}

std::vector<std::string> contractive_method_names() {
  std::vector<std::string> result;
  for (const auto& [method, name] : names) result.emplace_back(name);
  return result;
}

}  // namespace hourglass
