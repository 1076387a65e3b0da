#pragma once

#include <vector>

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Options of `generate cells` that the other data sets do not have.
[[nodiscard]] std::vector<Option> cell_options();

/// `generate cells`. Collective; throws the same Error on every rank.
void generate_cells(const Communicator& world, const Arguments& arguments);

}  // namespace hourglass
