#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"
#include "import/sparse_import.hpp"

namespace hourglass {

/// Opens the sources of `hourglass import --sparse`; `notes` receives what was found in them.
/// Collective; throws the same Error on every rank.
[[nodiscard]] SparseReaders open_sparse_sources(const Communicator& communicator,
                                                const Arguments& arguments,
                                                std::vector<std::string>& notes);

}  // namespace hourglass
