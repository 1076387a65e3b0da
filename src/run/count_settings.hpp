#pragma once

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The configuration with what it leaves open of counts and sparse inputs: no normalisation, the
/// library of a typical sample (AutoencoderSpec::library), whether the first layer takes sparse
/// rows. Passes over the data of a run on counts. Collective. Throws Error(data) on every rank for
/// data that are not counts.
[[nodiscard]] TrainConfig with_counts(const Communicator& communicator, TrainConfig config,
                                      const DatasetReader& data);

/// The library as an entry of a state file's header, and back. Throws Error(data) naming `path` for
/// a model of counts without one.
void store_library(const AutoencoderSpec& model, StateHeader& header);
void load_library(const StateHeader& header, const std::string& path, AutoencoderSpec& model);

}  // namespace hourglass
