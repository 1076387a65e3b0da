#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "math/exact_sum.hpp"

namespace hourglass {

/// Replaces each sum by the sum over all ranks: exact, so the same bits on any number of ranks.
/// `scratch` holds the words of several sums on their way; it grows in the first call. Collective.
void sum_over_ranks(const Communicator& communicator, std::span<ExactSum> sums,
                    std::vector<std::int64_t>& scratch);

/// The same for calls outside of the hot loop.
void sum_over_ranks(const Communicator& communicator, std::span<ExactSum> sums);

}  // namespace hourglass
