// The first layer of 20000-128-10 on counts of which 5 % are not zero, one core: forward pass and
// weight gradient by the products of dense matrices, and by those of sparse rows.
//
//   build/release/bench/sparse_layer_bench --benchmark_repetitions=5
//
// layer/SPARSE/PASS: SPARSE 0 dense, 1 sparse rows; PASS 0 forward y = x W^T, 1 weight gradient
// dW = dy^T x, 2 both, 3 making sparse rows of dense ones. Counter: entries (per second).
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "core/buffer.hpp"
#include "core/sparse_rows.hpp"
#include "math/blas.hpp"
#include "math/sparse_product.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 128;
constexpr Index inputs = 20000;
constexpr Index outputs = 128;
constexpr double share = 0.05;

struct Operands {
  Operands()
      : weight(outputs * inputs), gradient(outputs * inputs), x(rows * inputs), y(rows * outputs) {
    std::mt19937 engine(1);
    std::uniform_real_distribution<double> unit(0, 1);
    for (Index i = 0; i < x.size(); ++i)
      x[i] = unit(engine) < share ? static_cast<float>(unit(engine)) + 0.5F : 0.0F;
    for (auto* buffer : {&weight, &y}) {
      for (Index i = 0; i < buffer->size(); ++i)
        (*buffer)[i] = 0.001F * static_cast<float>(i % 977 - 488);
    }
    make_sparse();
  }
  [[nodiscard]] ConstMatrix samples() const { return {x.data(), rows, inputs}; }
  void make_sparse() {
    sparse.clear(inputs);
    append_rows(samples(), sparse);
  }
  void forward(bool is_sparse) {
    const ConstMatrix w(weight.data(), outputs, inputs);
    const Matrix to(y.data(), rows, outputs);
    if (is_sparse) {
      multiply_sparse(sparse.view(), w, to);
    } else {
      gemm(false, true, samples(), w, 0, to);
    }
  }
  void backward(bool is_sparse) {
    const ConstMatrix dy(y.data(), rows, outputs);
    const Matrix to(gradient.data(), outputs, inputs);
    if (is_sparse) {
      multiply_transposed_sparse(dy, sparse.view(), false, to);
    } else {
      gemm(true, false, dy, samples(), 0, to);
    }
  }

  Buffer<float> weight;
  Buffer<float> gradient;
  Buffer<float> x;
  Buffer<float> y;
  SparseBatch sparse;
};

void layer(benchmark::State& state) {
  static Operands operands;
  const bool is_sparse = state.range(0) != 0;
  const auto pass = state.range(1);
  for (auto _ : state) {
    if (pass == 0 || pass == 2) operands.forward(is_sparse);
    if (pass == 1 || pass == 2) operands.backward(is_sparse);
    if (pass == 3) operands.make_sparse();
    benchmark::ClobberMemory();
  }
  state.counters["entries"] =
      benchmark::Counter(static_cast<double>(operands.sparse.values().size()),
                         benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(layer)
    ->ArgsProduct({{0, 1}, {0, 1, 2}})
    ->Args({1, 3})
    ->ArgNames({"sparse", "pass"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  hourglass::use_single_threaded_blas();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
