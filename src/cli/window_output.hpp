#pragma once

#include <functional>
#include <span>

#include "cli/inference_output.hpp"
#include "cli/model_arguments.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Whether samples are windows of a series.
[[nodiscard]] bool is_windowed(const DatasetReader& reader);

/// Writes the score of each time step as data set number `dataset` of the writer (time steps x
/// float64): its squared error (in `units` of each feature, unless they are none), summed over the
/// channels that are not missing, averaged over the windows that cover it; NaN where none does.
/// Collective.
void write_step_scores(const Communicator& communicator, const ModelArguments& given,
                       const MatchedData& data, std::span<const double> units, WorkerPool& pool,
                       DatasetWriter& writer, std::size_t dataset);

/// Writes the series that the windows were made of as the model reconstructs it (time steps x
/// channels) to <group>/<name> of the plan, in its units: the mean of what `infer` gives over the
/// windows that cover a time step, NaN where none does. Collective.
void write_series_reconstruction(const Communicator& communicator, const ModelArguments& given,
                                 const MatchedData& data, const OutputPlan& plan,
                                 const std::function<ConstMatrix(ConstMatrix, Workspace&)>& infer);

}  // namespace hourglass
