#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "core/buffer.hpp"
#include "core/timer.hpp"

namespace hourglass {

/// Bytes a second of the triad a = b + s c over arrays far larger than the caches, counting 12
/// bytes an element.
inline double triad_bandwidth() {
  constexpr Index size = Index{1} << 24;
  static Buffer<float> a(size), b(size), c(size);
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const Timer timer;
    for (Index i = 0; i < size; ++i) a[i] = b[i] + 0.5F * c[i];
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
    best = std::max(best, 12.0 * size / timer.seconds());
  }
  return best;
}

inline double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace hourglass
