#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace hourglass {

struct TrainConfig;

/// The settings of a training run: names, values and defaults are those of `hourglass train`
/// (docs/configuration.md). A value: copies are independent.
///
/// A method that is given a name throws Error(usage) with the nearest valid name when there is no
/// such setting.
class TrainingSettings {
 public:
  /// Every setting has its default.
  TrainingSettings();
  TrainingSettings(const TrainingSettings& other);
  TrainingSettings& operator=(const TrainingSettings& other);
  ~TrainingSettings();

  /// The value as text, as on the command line: set("layers", "784,256,30"). Returns *this. Throws
  /// Error(usage) naming the setting when the text is not a value of it. What settings need of each
  /// other is checked by validate().
  TrainingSettings& set(const std::string& name, const std::string& text);
  /// The same from a number or a bool: set("epochs", 5), set("tied", true).
  template <class Number>
  requires(std::is_arithmetic_v<Number>) TrainingSettings& set(const std::string& name,
                                                               Number value) {
    if constexpr (std::is_same_v<Number, bool>) {
      return set(name, std::string(value ? "true" : "false"));
    } else if constexpr (std::is_floating_point_v<Number>) {
      return set(name, text_of(static_cast<double>(value)));
    } else {
      return set(name, std::to_string(value));
    }
  }
  /// Applies a configuration file ("name = value" lines, as --config reads them and config.cfg of a
  /// run folder has them) on top. Throws Error(io) when it cannot be read, Error(usage) naming line
  /// and setting; then nothing has changed.
  TrainingSettings& read(const std::string& path);

  /// The value as text that set() reads back exactly.
  [[nodiscard]] std::string get(const std::string& name) const;
  /// All settings as the text of a configuration file, which read() reads back exactly.
  [[nodiscard]] std::string to_text() const;
  /// Throws Error(usage) naming the settings that are missing, out of range or contradict each
  /// other, as train() does. What depends on the data is checked by train() alone.
  void validate() const;

  /// Every setting, in the order of `hourglass train --help`.
  [[nodiscard]] static std::vector<std::string> names();

  /// For the library itself: its own form of the settings.
  explicit TrainingSettings(const TrainConfig& config);
  [[nodiscard]] const TrainConfig& config() const { return *config_; }

 private:
  [[nodiscard]] static std::string text_of(double value);

  std::unique_ptr<TrainConfig> config_;
};

}  // namespace hourglass
