#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace hourglass {

/// Some settings have an effect only beside another one: --beta beside --variational, --momentum
/// beside an optimizer that has one. All names are of train_settings().
struct SettingDependency {
  std::vector<const char*> settings;  ///< those that need it
  /// Any one of these is enough, where it has one of `values`; without values, where it differs
  /// from its default.
  std::vector<const char*> needed;
  std::vector<std::string> values;
  /// Optimizers (also of --pretrain) that use the settings whatever is needed here.
  std::vector<std::string> other_optimizers = {};
};
[[nodiscard]] std::span<const SettingDependency> setting_dependencies();

/// A line of advice for each setting that differs from its default and has no effect in this
/// configuration.
[[nodiscard]] std::vector<std::string> ineffective_settings_advice(const TrainConfig& config);

}  // namespace hourglass
