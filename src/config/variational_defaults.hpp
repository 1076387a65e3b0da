#pragma once

#include <string>

#include "config/penalty_schedules.hpp"

namespace hourglass {

struct TrainConfig;

/// Which of the settings with a default of their own under --variational, or under --sparsity, have
/// been given.
struct GivenSettings {
  bool loss_reduction = false;
  bool beta = false;
  bool beta_warmup = false;
  bool normalize = false;
  bool output_activation = false;
  bool pre_bias = false;
  bool unit_norm = false;
  bool tied_start = false;
};

/// To be called when a setting was read from a file or the command line: notes that it was given,
/// and sets those that were not to their defaults, in any order of the settings. With
/// --variational:
///   --loss-reduction sum: the KL divergence is a sum over units, of the same scale as a log
///     likelihood, which is a sum over features. Against a mean over D features it weighs D times
///     as much, and every unit collapses to the prior.
///   --beta-warmup standard_beta_warmup(epochs), unless --beta is given or the optimizer is lbfgs,
///     whose line searches need one function.
/// A file that holds all settings, as config.cfg and checkpoints do, keeps what it says.
void settle_variational_defaults(const std::string& given, TrainConfig& config);

/// Half of the epochs, at most 10.
[[nodiscard]] Interval standard_beta_warmup(Index epochs);

}  // namespace hourglass
