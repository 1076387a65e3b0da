#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace hourglass {

/// The effect of a setting, which determines whether a resumed run may change it.
enum class Scope {
  trajectory,  ///< shapes the model or the sequence of updates: a resume must keep it
  run,         ///< where and how fast: free to change on resume
};

/// One row of the table behind --name, the configuration file, --help, --print-config and the text
/// kept in model files.
struct Setting {
  std::string name;     ///< e.g. "learning-rate"
  std::string section;  ///< e.g. "optimizer": a section of the configuration file and of --help
  std::string help;
  bool flag = false;  ///< on the command line, may stand without a value (= true)
  Scope scope = Scope::trajectory;
  std::function<std::string(const TrainConfig&)>
      get;  ///< the value as text that `set` reads back exactly
  std::function<void(TrainConfig&, const std::string&)>
      set;  ///< throws Error(usage) naming the setting
};

/// The table, in the order of --help.
[[nodiscard]] const std::vector<Setting>& train_settings();
/// Throws Error(usage) with the nearest valid name.
[[nodiscard]] const Setting& find_setting(std::string_view name);

/// The configuration as a valid configuration file: sections, one "name = value" per line.
[[nodiscard]] std::string to_text(const TrainConfig& config);
/// Applies "name = value" lines ([section] lines and # comments allowed). `origin` is what messages
/// call the text (a file name). Throws Error(usage) naming line and setting.
void apply_text(const std::string& text, const std::string& origin, TrainConfig& config);

/// The first setting of Scope::trajectory in which a resumed run differs from its checkpoint, or
/// none. `epochs` may differ unless the schedule depends on it.
[[nodiscard]] const Setting* first_difference(const TrainConfig& stored, const TrainConfig& wanted);
/// Throws Error(usage) naming that setting.
void check_resumable(const TrainConfig& stored, const TrainConfig& wanted);

/// "4GiB", "100MiB", "65536" <-> bytes.
[[nodiscard]] Index parse_bytes(const std::string& name, const std::string& text);
[[nodiscard]] std::string format_bytes(Index bytes);

}  // namespace hourglass
