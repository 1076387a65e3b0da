#include "engine/machine_peak.hpp"

#include <algorithm>
#include <vector>

#include "core/buffer.hpp"
#include "core/timer.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"

namespace hourglass {

namespace {

constexpr int repetitions = 5;

double gemm_rate(Buffer<float>& memory, bool bfloat16) {
  constexpr Index size = 1024;
  const auto* halves = reinterpret_cast<const Bfloat16*>(memory.data());
  const Matrix a(memory.data(), size, size);
  const Matrix b(memory.data() + size * size, size, size);
  const Matrix c(memory.data() + 2 * size * size, size, size);
  double best = 0;
  for (int r = 0; r < repetitions; ++r) {
    const Timer timer;
    if (bfloat16) {
      gemm_bfloat16(false, true, {halves, size, size}, {halves + size * size, size, size}, 0, c);
    } else {
      gemm(false, true, a, b, 0, c);
    }
    best = std::max(best, 2.0 * size * size * size / timer.seconds());
  }
  return best;
}

double triad_rate(Buffer<float>& memory) {
  const Index size = memory.size() / 3;
  float* __restrict a = memory.data();
  const float* __restrict b = a + size;
  const float* __restrict c = b + size;
  double best = 0;
  for (int r = 0; r < repetitions; ++r) {
    const Timer timer;
    for (Index i = 0; i < size; ++i) a[i] = b[i] + 3.0F * c[i];
    best = std::max(best, 12.0 * static_cast<double>(size) / timer.seconds());
  }
  return best;
}

}  // namespace

MachinePeak measure_machine_peak(WorkerPool& pool, bool bfloat16) {
  constexpr Index floats = Index{12}
                           << 20;  // three arrays of 16 MiB: beyond a core's share of any cache
  std::vector<MachinePeak> peaks(static_cast<std::size_t>(pool.size()));
  std::vector<Buffer<float>> memory;
  for (Index w = 0; w < pool.size(); ++w) memory.emplace_back(floats);
  pool.run([&](Index worker) {
    Buffer<float>& own = memory[static_cast<std::size_t>(worker)];
    peaks[static_cast<std::size_t>(worker)] = {gemm_rate(own, bfloat16), triad_rate(own)};
  });
  MachinePeak slowest = peaks.front();
  for (const MachinePeak& peak : peaks) {
    slowest.gemm_flops = std::min(slowest.gemm_flops, peak.gemm_flops);
    slowest.triad_bytes = std::min(slowest.triad_bytes, peak.triad_bytes);
  }
  return slowest;
}

}  // namespace hourglass
