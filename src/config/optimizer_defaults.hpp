#pragma once

#include <string>

namespace hourglass {

struct TrainConfig;

/// Which of the settings with a default of their own for each optimizer have been given.
struct GivenOptimizerSettings {
  bool learning_rate = false;
  bool momentum = false;
};

/// The learning rate and momentum with which an optimizer learns on most data.
struct OptimizerDefaults {
  double learning_rate = 1e-3;
  double momentum = 0;
};
[[nodiscard]] OptimizerDefaults optimizer_defaults(const std::string& optimizer);

/// To be called when a setting was read from a file or the command line: notes that it was given,
/// and sets --learning-rate and --momentum, unless they were, to the defaults of the optimizer, in
/// any order of the settings. A file that holds all settings, as config.cfg and checkpoints do,
/// keeps what it says.
void settle_optimizer_defaults(const std::string& given, TrainConfig& config);

}  // namespace hourglass
