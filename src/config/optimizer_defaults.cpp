#include "config/optimizer_defaults.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/config.hpp"

namespace hourglass {

namespace {

struct NamedDefaults {
  std::string_view optimizer;
  OptimizerDefaults defaults;
};

// docs/optimizers.md shows how they were found. All others have Adam's.
constexpr std::array table = {
    NamedDefaults{"sgd", {1.0, 0.9}},      NamedDefaults{"lars", {10.0, 0.9}},
    NamedDefaults{"adadelta", {1.0, 0}},   NamedDefaults{"muon", {0.02, 0.95}},
    NamedDefaults{"shampoo", {0.02, 0.9}}, NamedDefaults{"soap", {3e-3, 0.95}},
};

}  // namespace

OptimizerDefaults optimizer_defaults(const std::string& optimizer) {
  const auto found = std::ranges::find(table, optimizer, &NamedDefaults::optimizer);
  return found == table.end() ? OptimizerDefaults{} : found->defaults;
}

void settle_optimizer_defaults(const std::string& given, TrainConfig& config) {
  GivenOptimizerSettings& known = config.given_optimizer;
  if (given == "learning-rate") known.learning_rate = true;
  if (given == "momentum") known.momentum = true;
  if (given != "optimizer") return;
  const OptimizerDefaults defaults = optimizer_defaults(config.optimizer.name);
  if (!known.learning_rate) config.schedule.learning_rate = defaults.learning_rate;
  if (!known.momentum) config.optimizer.momentum = defaults.momentum;
}

}  // namespace hourglass
