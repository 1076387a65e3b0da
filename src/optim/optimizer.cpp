#include "hourglass/optim/optimizer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "hourglass/optim/adam.hpp"
#include "hourglass/optim/check.hpp"
#include "hourglass/optim/sgd.hpp"

namespace hourglass {

namespace {

struct Rule {
  std::string_view name;
  std::unique_ptr<Optimizer> (*make)(const OptimizerSettings&);
};

template <class Type, auto... variant>
std::unique_ptr<Optimizer> make(const OptimizerSettings& settings) {
  return std::make_unique<Type>(settings, variant...);
}

constexpr std::array rules = {
    Rule{"sgd", make<Sgd>},
    Rule{"adam", make<Adam, Adam::Decay::in_gradient>},
    Rule{"adamw", make<Adam, Adam::Decay::decoupled>},
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings) {
  const auto found = std::ranges::find(rules, settings.name, &Rule::name);
  if (found == rules.end()) throw_unknown_choice("--optimizer", settings.name, optimizer_names());
  return found->make(settings);
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> result;
  result.reserve(rules.size());
  for (const Rule& rule : rules) result.emplace_back(rule.name);
  return result;
}

}  // namespace hourglass
