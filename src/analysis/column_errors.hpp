#pragma once

#include <vector>

#include "data/columns.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// How well a model reconstructs one column of a table.
struct ColumnError {
  const Column* column = nullptr;  ///< of the model
  /// Number and date: root of the mean squared error, in the units of the data (dates: seconds).
  /// Category and boolean: the share of rows whose reconstruction is another one; rows of unknown
  /// categories do not count.
  double error = 0;
  Index rows = 0;  ///< that count
};

/// Of every column of the model, over samples that `transform` makes its inputs; none when it has
/// no columns. Collective, the same bits on any number of ranks and threads. Throws the same Error
/// on every rank: as for_each_micro_batch.
[[nodiscard]] std::vector<ColumnError> column_errors(const Communicator& communicator,
                                                     const Model& model,
                                                     const DatasetReader& reader,
                                                     const InputTransform& transform,
                                                     Index micro_batch, WorkerPool& pool);

/// The same of these samples, whose missing elements are NaN, and reconstructions. Local.
[[nodiscard]] std::vector<ColumnError> column_errors(const Model& model,
                                                     const InputTransform& transform,
                                                     ConstMatrix samples,
                                                     ConstMatrix reconstructions);

}  // namespace hourglass
