#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_arguments.hpp"
#include "data/labels.hpp"
#include "engine/inference.hpp"
#include "engine/training_data.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The output of a command: <output path>/<name>, one row per sample, and a copy of the labels
/// beside it.
struct OutputPlan {
  DatasetAddress output;
  std::string name;
  Index width = 0;
  std::optional<DatasetAddress> labels;  ///< numbers, copied as they are
  std::optional<Labels> numbered;        ///< the same where they are not numbers: written as int64
  std::vector<std::string> class_names;  ///< of either
  Index leading_channels = 0;            ///< of the rows as they are written (ReadOptions)
  /// Rows are written in the units of the data instead of the network's.
  bool original_units = false;
  /// The output is an AnnData file to which `name`, a path, is added: a copy of this one, or
  /// itself.
  std::string anndata_source = {};
  bool binarize =
      false;  ///< bits instead of numbers: unit j > 0.5 is bit j mod 8 (lowest first) of byte j / 8
};

/// Runs `infer` over the whole data set and writes its rows (float32, or bits) from all ranks. The
/// file appears when it is complete. Collective.
void write_inference(const Communicator& communicator, const ModelArguments& given,
                     const MatchedData& data, const OutputPlan& plan,
                     const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer);

}  // namespace hourglass
