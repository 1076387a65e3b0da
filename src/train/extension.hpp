#pragma once

#include <string>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"
#include "train/run_data.hpp"
#include "train/run_state.hpp"

namespace hourglass {

// train --resume --extend: a run goes on with further samples behind those that it began with. What
// its model knows of the data (transform, conditions, library, weights of features, means of
// missing elements) stays that of the checkpoint. An epoch that is in progress begins again; from
// there on shards and their orders are those of a run on all samples from the beginning.

/// `config`, completed from the grown data, with what the checkpoint knows of the data of before.
/// `path` is the checkpoint, for messages. Local.
[[nodiscard]] TrainConfig with_facts_of(TrainConfig config, const StateHeader& header,
                                        const std::string& path);

/// The number of samples that the run of a checkpoint had. Throws Error(usage) for runs that cannot
/// be extended: by L-BFGS, whose function would change, with weights of samples, or in their first
/// epoch. Local.
[[nodiscard]] Index samples_of(const StateFile& file, const TrainConfig& config,
                               const RunState& state);

/// Checks that the data begin with the `before` samples of the checkpoint and, when there are more,
/// puts `state` to the beginning of its epoch. Returns whether there are more. Throws the same
/// Error(usage) on every rank. Collective.
[[nodiscard]] bool extend_run(const Communicator& communicator, const StateFile& file,
                              const TrainConfig& config, const RunData& data, Index before,
                              RunState& state);

/// The number of samples as an entry of the checkpoints of an extended run.
void store_samples(Index samples, StateHeader& header);
[[nodiscard]] bool has_samples(const StateHeader& header);

}  // namespace hourglass
