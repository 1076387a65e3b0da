#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// --condition and --unknown-condition, of the commands that use a model on data.
[[nodiscard]] std::vector<Option> condition_options();

/// Where the conditions of samples come from, as the options give it.
struct GivenConditions {
  std::string addresses;  ///< "" when not given
  bool unknown = false;
};
[[nodiscard]] GivenConditions given_conditions(const Arguments& arguments);

/// The categories of every sample for a model with conditions (Model::row_conditions); none for
/// others. Throws Error(usage) when the model has conditions and they are not given, or the other
/// way round, and as read_conditions does. Collective; the same Error on every rank.
[[nodiscard]] std::vector<std::int32_t> sample_conditions(const Communicator& communicator,
                                                          const Model& model,
                                                          const GivenConditions& given,
                                                          const DatasetInfo& samples);

}  // namespace hourglass
