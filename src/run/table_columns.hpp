#pragma once

#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The outputs of the mixed loss: neighbouring numbers (and dates) and booleans of one weight
/// together, each category by itself. `weights` is "NAME=2,...". Throws Error(usage) for a weight
/// that is not at least 0, or of a column that does not exist.
[[nodiscard]] std::vector<OutputGroup> output_groups(const std::vector<Column>& columns,
                                                     const std::string& weights);

/// The configuration with the columns that the data have, and the groups that --loss mixed makes of
/// them. Collective. Throws the same Error on every rank: Error(usage) when it needs columns and
/// the data have none.
[[nodiscard]] TrainConfig with_table_columns(const Communicator& communicator, TrainConfig config,
                                             const DatasetInfo& data);

/// The columns as an entry of a state file's header, and back into the configuration.
void store_columns(const std::vector<Column>& columns, StateHeader& header);
void load_columns(const StateHeader& header, const std::string& path, TrainConfig& config);

}  // namespace hourglass
