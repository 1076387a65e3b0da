#pragma once

#include <string>

#include "optim/precondition_settings.hpp"

namespace hourglass {

struct TrainConfig;

/// Which of the settings with a default of their own for each optimizer have been given.
struct GivenOptimizerSettings {
  bool learning_rate = false;
  bool momentum = false;
  bool precondition_every = false;
  bool statistics_every = false;
};

/// The learning rate and momentum with which an optimizer learns on most data, and the intervals
/// beyond which its error falls more slowly than its steps become cheaper.
struct OptimizerDefaults {
  double learning_rate = 1e-3;
  double momentum = 0;
  Index precondition_every = PreconditionSettings().every;
  Index statistics_every = PreconditionSettings().statistics_every;
};
[[nodiscard]] OptimizerDefaults optimizer_defaults(const std::string& optimizer);

/// To be called when a setting was read from a file or the command line: notes that it was given,
/// and sets what OptimizerDefaults holds, unless it was, to the defaults of the optimizer, in any
/// order of the settings. A file that holds all settings, as config.cfg and checkpoints do,
/// keeps what it says.
void settle_optimizer_defaults(const std::string& given, TrainConfig& config);

}  // namespace hourglass
