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

/// The statistics of the codes h = f(x) to measure.
struct CodeStatisticsOptions {
  double threshold = 0.01;  ///< a unit is active for a sample when |h_j| exceeds it
  bool jacobian = false;    ///< measures dh/dx: one reverse pass through the encoder per code unit
  std::span<const std::int32_t> conditions = {};  ///< as evaluate() takes them
};

/// Sparsity and smoothness of the codes.
struct CodeStatistics {
  double mean_absolute = 0;  ///< mean of |h_j| over units and samples
  double active_units = 0;   ///< mean number of active units per sample
  Index units_used = 0;      ///< units that are active for at least one sample
  /// Variational codes: the KL divergence of each unit from the prior in nats, averaged over
  /// samples.
  std::vector<double> unit_divergences;
  std::optional<double> jacobian;  ///< mean of |dh/dx|_F over samples
};

/// Without noise. Collective; the same bits on any number of ranks and threads (exact sums). Throws
/// Error(usage) when the Jacobian is asked of an encoder that is not a chain of dense layers,
/// Error(data) as evaluate() does.
[[nodiscard]] CodeStatistics code_statistics(
    const Communicator& communicator, const Autoencoder& model, std::span<const float> parameters,
    const DatasetReader& reader, const InputTransform& transform, Index micro_batch,
    WorkerPool& pool, const CodeStatisticsOptions& options);

}  // namespace hourglass
