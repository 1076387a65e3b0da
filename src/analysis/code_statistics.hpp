#pragma once

#include <optional>
#include <span>

#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// What to measure on the codes h = f(x) of a data set.
struct CodeQuestion {
  double threshold = 0.01;  ///< a unit is active for a sample when |h_j| exceeds it
  bool jacobian =
      false;  ///< whether to measure dh/dx, one reverse pass through the encoder a code unit
};

/// How sparse and how smooth the codes are.
struct CodeStatistics {
  double mean_absolute = 0;        ///< |h_j|, over units and samples
  double active_units = 0;         ///< number of active units, over samples
  Index units_used = 0;            ///< units that are active for one sample at least
  std::optional<double> jacobian;  ///< |dh/dx|_F, the norm of the code's Jacobian, over samples
};

/// Without noise. Collective; the same bits on any number of ranks and threads (exact sums). Throws
/// Error(usage) when the Jacobian is asked of an encoder that is not a chain of dense layers,
/// Error(data) as evaluate() does.
[[nodiscard]] CodeStatistics code_statistics(const Communicator& communicator,
                                             const Autoencoder& model,
                                             std::span<const float> parameters,
                                             const DatasetReader& reader,
                                             const InputTransform& transform, Index micro_batch,
                                             WorkerPool& pool, const CodeQuestion& question);

}  // namespace hourglass
