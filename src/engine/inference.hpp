#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/trainable.hpp"

namespace hourglass {

/// A pass over a data set without training. The rows are cut into micro-batches [k m, (k + 1) m)
/// independently of ranks and threads, so the arithmetic of every sample is the same; rank r of P
/// takes those with k in even_part(count, P, r).
struct InferencePlan {
  Index rows = 0;
  Index micro_batch = 128;
  /// The last micro-batch, where it is short, is filled up with rows of zeros: matrix products of
  /// other sizes round differently, and so what becomes of a row does not depend on how many come
  /// with it. For results of single rows only.
  bool filled = false;

  [[nodiscard]] Index micro_batches() const { return (rows + micro_batch - 1) / micro_batch; }
  [[nodiscard]] Range rows_of(Index index) const {
    return {index * micro_batch, std::min(rows, (index + 1) * micro_batch)};
  }
  [[nodiscard]] Range of_rank(Index rank, Index ranks) const {
    return even_part(micro_batches(), ranks, rank);
  }
};

/// Calls visit(worker, rows, x) for every micro-batch in `which`, x being the normalised samples,
/// on the workers of `pool`; with InferencePlan::filled, x always has `micro_batch` rows, of which
/// the first rows.size() are samples. Throws Error(data) naming the row of a NaN or infinity;
/// exceptions of `visit` are passed on. Local: no communication.
void for_each_micro_batch(
    const DatasetReader& reader, const InputTransform& transform, const InferencePlan& plan,
    Range which, WorkerPool& pool,
    const std::function<void(Index worker, Range rows, ConstMatrix x)>& visit);

/// The part of a table with as much for each row of a data set that belongs to `part` of its rows.
[[nodiscard]] inline std::span<const std::int32_t> conditions_of(
    std::span<const std::int32_t> table, Index rows, Range part) {
  if (table.empty()) return {};
  const std::size_t width = table.size() / static_cast<std::size_t>(rows);
  return table.subspan(static_cast<std::size_t>(part.begin) * width,
                       static_cast<std::size_t>(part.size()) * width);
}

/// The reconstruction error of a model on a data set.
struct Evaluation {
  Index samples = 0;
  double loss = 0;     ///< averaged over samples
  double penalty = 0;  ///< the penalties in `loss`: of the code's size (l1), from the prior
                       ///< (variational)
  double sse = 0;      ///< squared error summed over features, averaged over samples
  double mse = 0;      ///< per feature
  std::vector<double> unit_divergences;  ///< variational: of each unit from the prior, in nats,
                                         ///< averaged over samples
  double psnr =
      0;  ///< 10 log10(1 / mse) decibels: the peak is 1, the range of normalised integer data
};

/// Collective; the same bits on any number of ranks and threads (exact sums). With `weights`, one
/// for each row and 1 on average, all means over samples are weighted. `conditions` are the
/// categories of each row (Workspace::set_conditions).
[[nodiscard]] Evaluation evaluate(const Communicator& communicator, const Trainable& model,
                                  std::span<const float> parameters, const DatasetReader& reader,
                                  const InputTransform& transform, Index micro_batch,
                                  WorkerPool& pool, std::span<const float> weights = {},
                                  std::span<const std::int32_t> conditions = {});

/// Throws as check_features unless a data set has the inputs of a model, or samples with targets.
void check_inputs(const DatasetInfo& info, const Trainable& model);

/// Throws Error(data) unless the samples of the data set have as many features as the model's first
/// layer.
void check_features(const DatasetInfo& info, Index features);

}  // namespace hourglass
