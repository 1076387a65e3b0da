#pragma once

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"
#include "import/sparse_import.hpp"

namespace hourglass {

/// Opens the sources of `hourglass import --sparse`. Collective; throws the same Error on every
/// rank.
[[nodiscard]] SparseSources open_sparse_sources(const Communicator& communicator,
                                                const Arguments& arguments);

}  // namespace hourglass
