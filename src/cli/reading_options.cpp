#include "cli/reading_options.hpp"

#include <fmt/format.h>

#include <array>

#include "config/data_reading.hpp"
#include "config/sample_reading.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array shared_settings = {"select-rows", "select-columns",      "window",
                                        "stride",      "validation-fraction", "folds",
                                        "fold",        "validation-group",    "split-seed"};

DataPart part_from(const Arguments& arguments, DataPart part_of_split) {
  const bool splits = arguments.has("validation-fraction") || arguments.has("folds");
  const std::string part = arguments.get("part", "all");
  if (part == "training") return DataPart::training;
  if (part == "validation") return DataPart::validation;
  if (part != "all") {
    throw Error(ErrorKind::usage,
                fmt::format("--part is '{}', but all, training or validation is expected", part));
  }
  if (!splits) return DataPart::all;
  if (part_of_split == DataPart::all || arguments.has("part")) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} splits the rows: say which ones with --part training or "
                            "--part validation",
                            arguments.has("folds") ? "folds" : "validation-fraction"));
  }
  return part_of_split;
}

}  // namespace

std::vector<Option> reading_options() {
  std::vector<Option> options = {
      {"allow-external", "input",
       "Allow data files to refer to other files and to use filter plug-ins", "", true},
      {"accept-fill", "input",
       "Read rows that were never written as the fill value that the file declares", "", true},
  };
  for (const char* name : shared_settings) {
    const Setting& setting = find_setting(name);
    options.push_back({name, "input", setting.help, "", setting.flag});
  }
  options.push_back({"part", "input",
                     "Rows of --data to use: all, training or validation, as the model's run or "
                     "the options above split them",
                     "all", false});
  return options;
}

Option channels_option() {
  return {"channels", "input", find_setting("channels").help, "as for the model's training", false};
}

ReadOptions reading_from(const Arguments& arguments, const TrainConfig& trained,
                         DataPart part_of_split) {
  const DataPart part = part_from(arguments, part_of_split);
  TrainConfig config;
  config.model = trained.model;
  config.channels = trained.channels;
  config.reading = part == DataPart::all ? for_other_rows(trained.reading) : trained.reading;
  config.reading.allow_external = arguments.flag("allow-external");
  config.reading.accept_fill = arguments.flag("accept-fill");
  if (arguments.has("channels")) find_setting("channels").set(config, arguments.get("channels"));
  for (const char* name : shared_settings) {
    if (arguments.has(name)) find_setting(name).set(config, arguments.get(name));
  }
  config.reading.views.part = part;
  check_split(config);
  if (part != DataPart::all && !config.reading.views.split.active()) {
    throw Error(ErrorKind::usage,
                "--part needs rows held out: give --validation-fraction or --folds, or a model "
                "that was trained with one of them");
  }
  return sample_reading(config);
}

std::vector<Option> with_reading_options(std::vector<Option> options, std::size_t position) {
  const std::vector<Option> reading = reading_options();
  options.insert(options.begin() + static_cast<std::ptrdiff_t>(position), reading.begin(),
                 reading.end());
  return options;
}

}  // namespace hourglass
