// The work of a training step that is not a matrix product: activations, bias gradients and losses,
// on one core.
//
//   build/release/bench/elementwise_bench --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
//
// forward/NAME, backward/NAME: 128 x 1000 values. loss/NAME/OUTPUT: 128 x 784.
// elementwise_step/NAME/LOSS: all of a step of 784-1000-500-250-30 with micro-batch 128; compare
// with gemm_step/128 of gemm_bench. Counter: values per second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "nn/loss.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 128;
const std::vector<Index> widths = {1000, 500, 250, 30, 250, 500, 1000, 784};

// In [-2, 2], without order.
void fill(Buffer<float>& buffer) {
  for (Index i = 0; i < buffer.size(); ++i)
    buffer[i] = 2.0F * std::sin(static_cast<float>(i % 10007) * 12.9898F);
}

// Inputs are restored every round from a copy in the same pass that the GEMM would make: memory
// stays warm as in a step.
struct Layer {
  explicit Layer(Index columns_)
      : columns(columns_),
        start(rows * columns),
        z(rows * columns),
        saved(rows * columns),
        dy(rows * columns),
        bias(columns),
        db(columns) {
    fill(start);
    fill(bias);
    restore();
  }
  void restore() {
    std::copy_n(start.data(), start.size(), z.data());
    std::copy_n(start.data(), start.size(), dy.data());
  }
  void forward(Activation activation) {
    activation_forward(activation, bias.span(), view(z), view(saved));
  }
  void backward(Activation activation) {
    activation_backward(activation, view(z), view(saved), view(dy), db.span());
  }
  [[nodiscard]] Matrix view(Buffer<float>& buffer) const { return {buffer.data(), rows, columns}; }

  Index columns;
  Buffer<float> start;
  Buffer<float> z;
  Buffer<float> saved;
  Buffer<float> dy;
  Buffer<float> bias;
  Buffer<float> db;
};

void count_values(benchmark::State& state, Index values) {
  state.counters["values"] = benchmark::Counter(static_cast<double>(values),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

// In place without restoring: every activation maps its own results to ordinary numbers.
void forward(benchmark::State& state, Activation activation) {
  Layer layer(1000);
  for (auto _ : state) {
    layer.forward(activation);
    benchmark::ClobberMemory();
  }
  count_values(state, layer.z.size());
}

void backward(benchmark::State& state, Activation activation) {
  Layer layer(1000);
  layer.forward(activation);
  Index round = 0;
  for (auto _ : state) {
    // Slopes below one would drive the gradient into subnormals after many rounds.
    if (++round % 16 == 0) {
      state.PauseTiming();
      fill(layer.dy);
      state.ResumeTiming();
    }
    layer.backward(activation);
    benchmark::ClobberMemory();
  }
  count_values(state, layer.dy.size());
}

void loss(benchmark::State& state, Loss kind, Activation output) {
  Layer layer(784);
  Buffer<float> target(rows * 784);
  for (Index i = 0; i < target.size(); ++i) target[i] = static_cast<float>(i % 256) / 255.0F;
  for (auto _ : state) {
    benchmark::DoNotOptimize(loss_and_gradient(kind, output, true, 1.0F,
                                               Matrix(target.data(), rows, 784),
                                               layer.view(layer.z), layer.view(layer.dy)));
  }
  count_values(state, target.size());
}

// The sum of a step's parts, each measured on memory of its own as in the step; the restoring
// copies are not timed.
void step(benchmark::State& state, Activation activation, Loss kind) {
  std::vector<Layer> layers;
  for (const Index width : widths) layers.emplace_back(width);
  Buffer<float> target(rows * 784);
  for (Index i = 0; i < target.size(); ++i) target[i] = static_cast<float>(i % 256) / 255.0F;
  const auto activation_of = [&](std::size_t l) {
    return l == 3 || l + 1 == layers.size() ? Activation::linear : activation;
  };
  for (auto _ : state) {
    state.PauseTiming();
    for (auto& layer : layers) layer.restore();
    state.ResumeTiming();
    for (std::size_t l = 0; l < layers.size(); ++l) layers[l].forward(activation_of(l));
    Layer& last = layers.back();
    benchmark::DoNotOptimize(loss_and_gradient(kind, Activation::sigmoid, true, 1.0F,
                                               Matrix(target.data(), rows, 784), last.view(last.z),
                                               last.view(last.dy)));
    for (std::size_t l = layers.size(); l-- > 0;) layers[l].backward(activation_of(l));
    benchmark::ClobberMemory();
  }
}

void register_all() {
  for (const auto& name : activation_names()) {
    const Activation activation = activation_from(name);
    benchmark::RegisterBenchmark(("forward/" + name).c_str(), forward, activation);
    benchmark::RegisterBenchmark(("backward/" + name).c_str(), backward, activation);
    benchmark::RegisterBenchmark(("loss/mse/" + name).c_str(), loss, Loss::mse, activation);
  }
  benchmark::RegisterBenchmark("loss/bce/sigmoid", loss, Loss::bce, Activation::sigmoid);
  for (const auto& name : activation_names()) {
    for (const Loss kind : {Loss::mse, Loss::bce}) {
      benchmark::RegisterBenchmark(
          fmt::format("elementwise_step/{}/{}", name, name_of(kind)).c_str(), step,
          activation_from(name), kind);
    }
  }
}

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  hourglass::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
