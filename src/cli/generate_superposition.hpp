#pragma once

#include <vector>

#include "cli/options.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Options of `generate superposition` that the other data sets do not have.
[[nodiscard]] std::vector<Option> superposition_options();

/// `generate superposition`. Collective; throws the same Error on every rank.
void generate_superposition(const Communicator& world, const Arguments& arguments);

}  // namespace hourglass
