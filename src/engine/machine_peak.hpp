#pragma once

#include "engine/worker_pool.hpp"

namespace hourglass {

/// The rates of one core of this machine while all workers are busy.
struct MachinePeak {
  double gemm_flops = 0;   ///< FLOP per second of a large GEMM in the run's precision
  double triad_bytes = 0;  ///< bytes per second of a[i] = b[i] + s c[i] on arrays beyond the
                           ///< caches, 12 bytes per element
};

/// Takes a fraction of a second and 48 MiB per worker, which are freed again. All workers measure
/// at the same time, each its best of a few repetitions; the result is the slowest worker's.
[[nodiscard]] MachinePeak measure_machine_peak(WorkerPool& pool, bool bfloat16);

}  // namespace hourglass
