#include "config/optimizer_defaults.hpp"

#include <map>
#include <string_view>

#include "config/config.hpp"

namespace hourglass {

OptimizerDefaults optimizer_defaults(const std::string& optimizer) {
  // Found on Fashion-MNIST, by the test error of one epoch. All others have Adam's.
  static const std::map<std::string_view, OptimizerDefaults> table = {
      {"sgd", {5.0, 0}},      {"lars", {10.0, 0.9}},           {"adadelta", {10.0, 0}},
      {"muon", {0.02, 0.95}}, {"shampoo", {0.02, 0.9, 24, 4}}, {"soap", {1e-2, 0.95}},
      {"kfac", {0.03, 0.9}},
  };
  const auto found = table.find(optimizer);
  return found == table.end() ? OptimizerDefaults{} : found->second;
}

void settle_optimizer_defaults(const std::string& given, TrainConfig& config) {
  GivenOptimizerSettings& known = config.given_optimizer;
  if (given == "learning-rate") known.learning_rate = true;
  if (given == "momentum") known.momentum = true;
  if (given == "precondition-every") known.precondition_every = true;
  if (given == "statistics-every") known.statistics_every = true;
  const bool reduction = given == "loss-reduction" || given == "variational";
  if (given != "optimizer" && !(reduction && config.optimizer.name == "sgd")) return;
  OptimizerDefaults defaults = optimizer_defaults(config.optimizer.name);
  // A step as large as the gradient, of which a sum over features has hundreds of times more.
  if (config.optimizer.name == "sgd" && !config.model.feature_mean)
    defaults.learning_rate = OptimizerDefaults().learning_rate;
  if (!known.learning_rate) config.schedule.learning_rate = defaults.learning_rate;
  if (!known.momentum) config.optimizer.momentum = defaults.momentum;
  PreconditionSettings& precondition = config.optimizer.precondition;
  if (!known.precondition_every) precondition.every = defaults.precondition_every;
  if (!known.statistics_every) precondition.statistics_every = defaults.statistics_every;
}

}  // namespace hourglass
