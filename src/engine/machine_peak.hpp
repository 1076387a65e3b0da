#pragma once

#include "engine/worker_pool.hpp"

namespace hourglass {

/// What one core of this machine reaches while all workers are busy.
struct MachinePeak {
  double gemm_flops = 0;   ///< FLOP a second of a large GEMM in the precision of the run
  double triad_bytes = 0;  ///< bytes a second of a[i] = b[i] + s c[i] on arrays beyond the caches,
                           ///< 12 bytes an element
};

/// Takes a fraction of a second and 48 MiB a worker, which are given back. All workers measure at
/// once, each its best of a few repetitions; the result is the slowest worker's.
[[nodiscard]] MachinePeak measure_machine_peak(WorkerPool& pool, bool bfloat16);

}  // namespace hourglass
