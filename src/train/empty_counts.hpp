#pragma once

#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// `config` with the rows and columns that --empty-counts drop leaves, as --select-rows and
/// --select-columns would name them, and with those without counts kept from then on; the same
/// without it. Validation rows count as training rows do. Collective; throws the same Error on
/// every rank.
[[nodiscard]] TrainConfig without_empty_counts(const Communicator& communicator,
                                               const TrainConfig& config);

}  // namespace hourglass
