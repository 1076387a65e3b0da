#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "import/csv.hpp"

namespace hourglass {

/// The options of `import` that say how tables are read.
[[nodiscard]] std::vector<Option> csv_options();
[[nodiscard]] std::vector<std::string> csv_option_names();

/// The settings that the options select; `format` is csv or tsv. Throws Error(usage), and what
/// reading the data set of
/// --like throws.
[[nodiscard]] CsvSettings csv_settings(const Arguments& arguments, const std::string& format);

}  // namespace hourglass
