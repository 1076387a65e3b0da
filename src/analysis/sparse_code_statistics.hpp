#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// How a sparse code stands for a data set, and how its dictionary looks.
struct SparseCodeStatistics {
  Index units = 0;
  Index samples = 0;
  /// |x - x^|^2 / |x - mean|^2, of sums over the samples, mean being theirs: the fraction of
  /// variance unexplained. None of samples with missing elements, and of constant samples.
  std::optional<double> unexplained;
  double active_units = 0;                  ///< L0: averaged over samples
  Index unused_units = 0;                   ///< of no sample
  std::vector<std::int64_t> use_histogram;  ///< model/unit_use.hpp
  /// The largest cosine of each of `cosine_atoms` atoms with any other (model/atom_cosines.hpp):
  /// their mean, and the share that is above 0.9.
  Index cosine_atoms = 0;
  double nearest_cosine = 0;
  double near_share = 0;
};

/// Without noise, of a model with counted_units(). Collective; the same bits on any number of ranks
/// and threads (exact sums, whole numbers). `conditions` as evaluate() takes them. Throws as
/// for_each_micro_batch().
[[nodiscard]] SparseCodeStatistics sparse_code_statistics(
    const Communicator& communicator, const Autoencoder& model, std::span<const float> parameters,
    const DatasetReader& reader, const InputTransform& transform, Index micro_batch,
    WorkerPool& pool, std::span<const std::int32_t> conditions);

}  // namespace hourglass
