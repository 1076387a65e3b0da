#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"
#include "import/import.hpp"
#include "import/row_sources.hpp"

namespace hourglass {

/// The options that say what the sources are.
[[nodiscard]] std::vector<Option> import_source_options();

/// The sources with patterns expanded. Throws Error(usage) when there are none.
[[nodiscard]] std::vector<std::string> source_names(const Arguments& arguments);

/// The files of --labels, patterns expanded; none when it is not given.
[[nodiscard]] std::vector<std::string> label_names(const Arguments& arguments);

/// The format of each source, named or shown by its content. Throws Error(usage) for options of
/// other formats.
[[nodiscard]] std::vector<std::string> source_formats(const Arguments& arguments,
                                                      const std::vector<std::string>& names);

/// Opens the files of --labels; none when it is not given. Collective; throws the same Error on
/// every rank.
[[nodiscard]] RowReaders open_labels(const Communicator& communicator, const Arguments& arguments);

/// Opens what the arguments name, in the format that they name or that its content shows.
/// Collective; throws the same Error on every rank.
[[nodiscard]] ImportSources open_sources(const Communicator& communicator,
                                         const Arguments& arguments);

}  // namespace hourglass
