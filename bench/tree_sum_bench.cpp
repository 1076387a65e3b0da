// The sum of micro-batch gradients along the fixed tree, against reading and writing the same
// memory once:
//   build/release/bench/tree_sum_bench --benchmark_repetitions=5
// Arguments: floats, parts. Bytes a second count every part read once and the sum written once.
#include <benchmark/benchmark.h>

#include <vector>

#include "core/buffer.hpp"
#include "core/tree_sum.hpp"

namespace hourglass {
namespace {

void tree(benchmark::State& state) {
  const Index floats = state.range(0);
  const Index count = state.range(1);
  std::vector<Buffer<float>> buffers;
  std::vector<PartialSum> parts;
  for (Index p = 0; p < count; ++p) {
    buffers.emplace_back(floats);
    parts.push_back({{p, p + 1}, buffers.back().data()});
  }
  for (auto _ : state) {
    tree_sum({0, count}, parts, buffers.front().data(), floats);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * (count + 1) * floats *
                          static_cast<Index>(sizeof(float)));
}
BENCHMARK(tree)
    ->ArgNames({"floats", "parts"})
    ->ArgsProduct({{1 << 14, 1 << 20, 2837760}, {2, 3, 8}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace hourglass

BENCHMARK_MAIN();
