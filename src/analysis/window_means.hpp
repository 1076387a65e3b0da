#pragma once

#include <functional>
#include <span>

#include "data/normalization.hpp"
#include "engine/inference.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// The quantities to average over the windows that cover a time step: `width` numbers for each of
/// the L time steps of a window.
struct WindowValues {
  Index width = 1;
  /// Fills `values` (rows x L x width) for some windows x (rows x features), on any worker.
  std::function<void(Index worker, Range rows, ConstMatrix x, std::span<double> values)> compute;
};

/// Goes through the time steps that windows were made of and hands over the mean of the values at
/// each over all windows that cover it; NaN where none does. Every rank gets one contiguous part in
/// ascending order, in equally many calls of emit(time steps, means: steps x width), which may be
/// collective; all parts together are all time steps. The means are added in the order of windows,
/// so they are the same bits on any number of ranks and threads. A rank computes the windows of its
/// neighbour that reach into its part again. Collective; throws the same Error on every rank.
void average_over_windows(
    const Communicator& communicator, const DatasetReader& reader, const InputTransform& transform,
    Index micro_batch, WorkerPool& pool, const WindowValues& values,
    const std::function<void(Range time_steps, std::span<const double> means)>& emit);

}  // namespace hourglass
