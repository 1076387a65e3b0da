#include "cli/reading_options.hpp"

namespace hourglass {

std::vector<Option> reading_options() {
  return {
      {"allow-external", "input",
       "Allow data files to refer to other files and to use filter plug-ins", "", true},
      {"accept-fill", "input",
       "Read rows that were never written as the fill value that the file declares", "", true},
  };
}

ReadOptions reading_from(const Arguments& arguments) {
  ReadOptions options;
  options.allow_external = arguments.flag("allow-external");
  options.accept_fill = arguments.flag("accept-fill");
  return options;
}

std::vector<Option> with_reading_options(std::vector<Option> options, std::size_t position) {
  const std::vector<Option> reading = reading_options();
  options.insert(options.begin() + static_cast<std::ptrdiff_t>(position), reading.begin(),
                 reading.end());
  return options;
}

}  // namespace hourglass
