// The matrix products of 784-1000-500-250-30 and its mirror, one core: what a step cannot be faster
// than.
//
//   build/release/bench/gemm_bench --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
//
// gemm/PASS/ROWS/OUTPUTS/INPUTS: PASS 0 forward y = x W^T, 1 weight gradient dW = dy^T x, 2 input
// gradient dx = dy W. gemm_step/ROWS: all of a training step in its order. Counter: flops (per
// second).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "core/buffer.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"

namespace hourglass {
namespace {

const std::vector<Index> widths = {784, 1000, 500, 250, 30, 250, 500, 1000, 784};

// Operands of one layer. Values away from zero and from subnormals: their time is that of real
// ones.
struct Operands {
  Operands(Index rows_, Index outputs_, Index inputs_)
      : rows(rows_),
        outputs(outputs_),
        inputs(inputs_),
        weight(outputs * inputs),
        x(rows * inputs),
        y(rows * outputs) {
    for (auto* buffer : {&weight, &x, &y}) {
      for (Index i = 0; i < buffer->size(); ++i)
        (*buffer)[i] = 0.001F * static_cast<float>(i % 977 - 488);
    }
  }
  void run(int pass) {
    const Matrix w(weight.data(), outputs, inputs);
    const Matrix in(x.data(), rows, inputs);
    const Matrix out(y.data(), rows, outputs);
    if (pass == 0) gemm(false, true, in, w, 0, out);
    if (pass == 1) gemm(true, false, out, in, 0, w);
    if (pass == 2) gemm(false, false, out, w, 0, in);
  }
  [[nodiscard]] double flops() const {
    return 2.0 * static_cast<double>(rows) * static_cast<double>(outputs) *
           static_cast<double>(inputs);
  }
  Index rows;
  Index outputs;
  Index inputs;
  Buffer<float> weight;
  Buffer<float> x;
  Buffer<float> y;
};

void count_flops(benchmark::State& state, double flops) {
  state.counters["flops"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void one_product(benchmark::State& state) {
  use_single_threaded_blas();
  Operands operands(state.range(1), state.range(2), state.range(3));
  const int pass = static_cast<int>(state.range(0));
  for (auto _ : state) {
    operands.run(pass);
    benchmark::ClobberMemory();
  }
  count_flops(state, operands.flops());
}

void layer_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"pass", "rows", "outputs", "inputs"});
  for (const Index rows : {128, 256}) {
    for (std::size_t l = 1; l < widths.size(); ++l) {
      for (const Index pass : {0, 1, 2}) benchmark->Args({pass, rows, widths[l], widths[l - 1]});
    }
  }
}

// Arguments: rows, library (0 OpenBLAS, 1 oneDNN).
void step_products(benchmark::State& state) {
  use_single_threaded_blas();
  use_onednn_for_gemm(state.range(1) == 1);
  std::vector<Operands> layers;
  double flops = 0;
  for (std::size_t l = 1; l < widths.size(); ++l) {
    layers.emplace_back(state.range(0), widths[l], widths[l - 1]);
    flops += layers.back().flops() * (l == 1 ? 2 : 3);
  }
  for (auto _ : state) {
    for (auto& layer : layers) layer.run(0);
    for (std::size_t l = layers.size(); l-- > 0;) {
      layers[l].run(1);
      if (l > 0) layers[l].run(2);
      // dW grew into the operand of the next pass; keep its values bounded.
      layers[l].weight[0] = 0.001F;
    }
    benchmark::ClobberMemory();
  }
  use_onednn_for_gemm(false);
  count_flops(state, flops);
}

// With each library that there is.
void step_rows(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "onednn"});
  for (const Index library : {0, 1}) {
    if (library == 1 && !has_onednn()) continue;
    for (const Index rows : {32, 64, 128, 256, 1024}) benchmark->Args({rows, library});
  }
}

}  // namespace
}  // namespace hourglass

BENCHMARK(hourglass::one_product)->Name("gemm")->Apply(hourglass::layer_shapes);
BENCHMARK(hourglass::step_products)
    ->Name("gemm_step")
    ->Apply(hourglass::step_rows)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
