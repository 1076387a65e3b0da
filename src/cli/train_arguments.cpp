#include "cli/train_arguments.hpp"

#include <fmt/format.h>

#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

void apply_arguments(const Arguments& arguments, TrainConfig& config) {
  for (const Setting& setting : train_settings()) {
    if (arguments.has(setting.name)) setting.set(config, arguments.get(setting.name));
  }
}

TrainConfig new_run(const Arguments& arguments) {
  TrainConfig config;
  if (arguments.has("config"))
    apply_text(read_text(arguments.get("config")), arguments.get("config"), config);
  apply_arguments(arguments, config);
  return config;
}

std::vector<Option> train_options() {
  std::vector<Option> options;
  const TrainConfig standard;
  for (const Setting& setting : train_settings()) {
    options.push_back(
        {setting.name, setting.section, setting.help, setting.get(standard), setting.flag});
  }
  options.push_back({"resume", "run",
                     "Resume the run in this folder from its newest valid checkpoint", "", false});
  options.push_back({"extend", "run",
                     "With --resume: samples were appended to --data, or further files are given "
                     "there; they join from the next epoch on",
                     "", true});
  options.push_back({"pause-after", "run",
                     "End with a checkpoint after this many epochs; --resume goes on as if there "
                     "had been no pause. Schedules span --epochs. Holds for this start; 0: never",
                     "0", false});
  options.push_back({"config", "configuration",
                     "Read settings from this file; the command line takes precedence", "", false});
  options.push_back({"print-config", "configuration",
                     "Print the effective configuration as a settings file and exit", "", true});
  options.push_back({"help", "configuration", "Show this text", "", true});
  return options;
}

}  // namespace hourglass
