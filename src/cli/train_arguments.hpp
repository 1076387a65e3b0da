#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "config/config.hpp"

namespace hourglass {

/// The options of `hourglass train`: every setting, and those about files of settings and former
/// runs.
[[nodiscard]] std::vector<Option> train_options();

/// Takes the settings that were given over into `config`.
void apply_arguments(const Arguments& arguments, TrainConfig& config);

/// Defaults, then the file that --config names, then the command line; not validated.
[[nodiscard]] TrainConfig new_run(const Arguments& arguments);

}  // namespace hourglass
