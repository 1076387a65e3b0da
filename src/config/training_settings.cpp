#include "hourglass/config/training_settings.hpp"

#include <fmt/format.h>

#include "config/config.hpp"
#include "config/settings.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

TrainingSettings::TrainingSettings() : TrainingSettings(TrainConfig()) {}

TrainingSettings::TrainingSettings(const TrainConfig& config)
    : config_(std::make_unique<TrainConfig>(config)) {}

TrainingSettings::TrainingSettings(const TrainingSettings& other)
    : TrainingSettings(other.config()) {}

TrainingSettings& TrainingSettings::operator=(const TrainingSettings& other) {
  *config_ = other.config();
  return *this;
}

TrainingSettings::~TrainingSettings() = default;

TrainingSettings& TrainingSettings::set(const std::string& name, const std::string& text) {
  find_setting(name).set(*config_, text);
  return *this;
}

TrainingSettings& TrainingSettings::read(const std::string& path) {
  TrainConfig changed = *config_;
  apply_text(read_text(path), path, changed);
  *config_ = std::move(changed);
  return *this;
}

std::string TrainingSettings::get(const std::string& name) const {
  return find_setting(name).get(*config_);
}

std::string TrainingSettings::to_text() const { return hourglass::to_text(*config_); }

void TrainingSettings::validate() const { hourglass::validate(*config_); }

std::vector<std::string> TrainingSettings::names() {
  std::vector<std::string> names;
  for (const Setting& setting : train_settings()) names.push_back(setting.name);
  return names;
}

std::string TrainingSettings::text_of(double value) { return fmt::format("{}", value); }

}  // namespace hourglass
