#include "config/settings.hpp"

#include <map>
#include <sstream>

#include "config/setting_rows.hpp"
#include "core/text_list.hpp"

namespace hourglass {

const std::vector<Setting>& train_settings() {
  static const std::vector<Setting> settings = [] {
    std::vector<Setting> all;
    for (auto part : {data_settings(), view_settings(), model_settings(), regularization_settings(),
                      sparsity_settings(), optimizer_settings(), pretrain_settings(),
                      transfer_settings(), run_settings(), reliability_settings()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    for (Setting& setting : all) {
      setting.set = [set = std::move(setting.set), name = setting.name](TrainConfig& config,
                                                                        const std::string& text) {
        set(config, text);
        settle_variational_defaults(name, config);
        settle_optimizer_defaults(name, config);
      };
    }
    return all;
  }();
  return settings;
}

const Setting& find_setting(std::string_view name) {
  std::vector<std::string> names;
  for (const Setting& setting : train_settings()) {
    if (setting.name == name) return setting;
    names.push_back(setting.name);
  }
  throw Error(ErrorKind::usage,
              fmt::format("unknown setting '{}'{}", name, suggestion(name, names)));
}

std::string to_text(const TrainConfig& config) {
  std::string text;
  std::string section;
  for (const Setting& setting : train_settings()) {
    if (setting.section != section) {
      text += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", setting.section);
      section = setting.section;
    }
    text += fmt::format("{} = {}\n", setting.name, setting.get(config));
  }
  return text;
}

void apply_text(const std::string& text, const std::string& origin, TrainConfig& config) {
  std::istringstream stream(text);
  std::map<std::string, int> seen;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const std::string content(trimmed(line));
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[' && content.back() == ']') continue;
    try {
      const auto equals = content.find('=');
      if (equals == std::string::npos)
        throw Error(ErrorKind::usage, fmt::format("'{}' is not of the form name = value", content));
      const Setting& setting = find_setting(trimmed(content.substr(0, equals)));
      if (!seen.emplace(setting.name, number).second) {
        throw Error(ErrorKind::usage,
                    fmt::format("{} was already set in line {}", setting.name, seen[setting.name]));
      }
      setting.set(config, std::string(trimmed(content.substr(equals + 1))));
    } catch (const Error& error) {
      throw Error(ErrorKind::usage, fmt::format("{}, line {}: {}", origin, number, error.what()));
    }
  }
}

const Setting* first_difference(const TrainConfig& stored, const TrainConfig& wanted) {
  for (const Setting& setting : train_settings()) {
    if (setting.scope == Scope::run || setting.get(stored) == setting.get(wanted)) continue;
    // More or fewer epochs do not change the updates already made, unless the schedule is stretched
    // over all of them.
    if (setting.name == "epochs" && !Schedule::depends_on_length(stored.schedule.name)) continue;
    return &setting;
  }
  return nullptr;
}

void check_resumable(const TrainConfig& stored, const TrainConfig& wanted) {
  if (const Setting* setting = first_difference(stored, wanted)) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "cannot resume with --{} {}: the run was started with {}; leave the setting out or "
            "start a new run in another --output",
            setting->name, setting->get(wanted), setting->get(stored)));
  }
}

}  // namespace hourglass
