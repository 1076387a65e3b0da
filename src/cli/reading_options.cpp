#include "cli/reading_options.hpp"

#include "config/sample_reading.hpp"
#include "config/settings.hpp"

namespace hourglass {

std::vector<Option> reading_options() {
  return {
      {"allow-external", "input",
       "Allow data files to refer to other files and to use filter plug-ins", "", true},
      {"accept-fill", "input",
       "Read rows that were never written as the fill value that the file declares", "", true},
  };
}

Option channels_option() {
  return {"channels", "input", find_setting("channels").help, "as for the model's training", false};
}

ReadOptions reading_from(const Arguments& arguments, const TrainConfig& trained) {
  TrainConfig config;
  config.model = trained.model;
  config.channels = trained.channels;
  config.reading.allow_external = arguments.flag("allow-external");
  config.reading.accept_fill = arguments.flag("accept-fill");
  if (arguments.has("channels")) find_setting("channels").set(config, arguments.get("channels"));
  return sample_reading(config);
}

std::vector<Option> with_reading_options(std::vector<Option> options, std::size_t position) {
  const std::vector<Option> reading = reading_options();
  options.insert(options.begin() + static_cast<std::ptrdiff_t>(position), reading.begin(),
                 reading.end());
  return options;
}

}  // namespace hourglass
