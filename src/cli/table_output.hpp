#pragma once

#include <functional>
#include <string>

#include "cli/model_arguments.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Runs `infer` over the whole data set and writes the outputs as a CSV file in the units and
/// categories of the data: the model's columns, or one of numbers for each feature. The file
/// appears when it is complete, the same on any number of ranks. Collective.
void write_table(const Communicator& communicator, const ModelArguments& given,
                 const MatchedData& data, const std::string& path,
                 const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer);

}  // namespace hourglass
