#pragma once

#include <string>
#include <vector>

#include "engine/inference.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The reconstruction error of each feature, in the units of the network.
struct FeatureErrors {
  std::vector<double> mse;   ///< squared error, averaged over the samples that have a value
  std::vector<double> bias;  ///< reconstruction minus value, averaged over the same
};
/// Exact sums: the same bits on any number of ranks and threads. Collective. Throws the same Error
/// on every rank: as for_each_micro_batch.
[[nodiscard]] FeatureErrors feature_errors(const Communicator& communicator, const Model& model,
                                           const DatasetReader& reader,
                                           const InputTransform& transform, Index micro_batch,
                                           WorkerPool& pool);

/// The same of these samples and reconstructions.
[[nodiscard]] FeatureErrors feature_errors(ConstMatrix samples, ConstMatrix reconstructions);

/// Names of a model's features: those of its training, those of the data, or their numbers.
[[nodiscard]] std::vector<std::string> names_of_features(const Model& model,
                                                         const DatasetInfo& data);
/// The same of what odd_features() tells apart: columns where the model has a table's.
[[nodiscard]] std::vector<std::string> names_of_columns(const Model& model,
                                                        const DatasetInfo& data);

/// A cell of a table, in the units of the data.
struct OddCell {
  bool is_number = false;
  std::string value;
  std::string reconstruction;
};

/// The features, of those that are there, in which a sample differs most from its reconstruction;
/// of a model of counts, those whose counts are least likely.
struct OddFeatures {
  Index row = 0;
  std::vector<Index> features;         ///< largest error first, of equal ones the first;
                                       ///< missing ones are left out
  std::vector<float> values;           ///< normalised
  std::vector<float> reconstructions;  ///< the same
  /// Where the model has the columns of a table, `features` are numbers of columns, whose errors
  /// are those of their features together, and these their cells instead of the numbers above.
  std::vector<OddCell> cells = {};
};
/// At most `count` features of each row of the micro-batches `which` (InferencePlan), in order of
/// rows. Local. Throws as for_each_micro_batch.
[[nodiscard]] std::vector<OddFeatures> odd_features(const Model& model, const DatasetReader& reader,
                                                    const InputTransform& transform,
                                                    Index micro_batch, Range which, Index count,
                                                    WorkerPool& pool);

}  // namespace hourglass
