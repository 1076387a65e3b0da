#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/layout.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Ranks whose entry differs from what most have: those outside of the largest group of equal
/// entries, or, when several groups are equally large, all ranks.
[[nodiscard]] std::vector<int> odd_ranks(std::span<const std::string> entries);

/// Compares the parameters of all ranks by digest. Throws Error(rank) on every rank when they
/// differ, naming the ranks that differ from the most and the first tensor in which they do; `when`
/// says where the run stands, `advice` what to do. Collective; 16 bytes per rank are exchanged.
void check_same_parameters(const Communicator& communicator, const Layout& layout,
                           std::span<const float> parameters, const std::string& when,
                           const std::string& advice);

}  // namespace hourglass
