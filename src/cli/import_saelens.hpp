#pragma once

#include <string>

#include "cli/options.hpp"

namespace hourglass {

/// Whether the only source of an import is a folder of SAELens, by --format or its files.
[[nodiscard]] bool imports_saelens(const Arguments& arguments);

/// `import FOLDER --output model.h5`: a model of a SAELens folder. Throws as read_saelens, and
/// Error(usage) for options that are about data.
void import_saelens(const Arguments& arguments);

}  // namespace hourglass
