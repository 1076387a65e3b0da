#pragma once

#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// `config` with the columns that --highly-variable stands for, as --select-columns would name
/// them; the same without it. Collective; throws the same Error on every rank.
[[nodiscard]] TrainConfig with_highly_variable(const Communicator& communicator,
                                               const TrainConfig& config);

}  // namespace hourglass
