// Convolutions over series, images and volumes on one core, forward and backward, against their
// matrix products alone, measured in turn in the same run: what gathering and adding patches costs.
//
//   build/release/bench/convolution_bench --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
//
// The argument is the number of the case in `cases`, which is printed as label. Counters: gflops
// (per second, of the layer), limit_gflops (of the products), ratio = time / time of the products.
#include <benchmark/benchmark.h>

#include <array>

#include "core/buffer.hpp"
#include "core/timer.hpp"
#include "math/blas.hpp"
#include "nn/convolution.hpp"

namespace hourglass {
namespace {

constexpr Index samples = 32;
// The input and one layer: of usual networks, from the first layer with few channels to inner ones.
constexpr std::array cases = {
    "28x28,conv:16x3s2",      "14x14x16,conv:32x3s2",   "32x32x32,conv:32x3",
    "256,conv1d:16x9",        "256x16,conv1d:32x9s2",   "1024x32,conv1d:32x5",
    "16x16x16,conv3d:16x3s2", "8x8x8x16,conv3d:32x3s2", "12x12x12x16,conv3d:16x3",
    "7x7x32,tconv:16x3s2",    "128x32,tconv1d:16x9s2",  "4x4x4x32,tconv3d:16x3s2",
};

void fill(Buffer<float>& buffer) {
  for (Index i = 0; i < buffer.size(); ++i) buffer[i] = 0.001F * static_cast<float>(i % 977 - 488);
}

// The three products of a layer on operands of their own, the whole batch in one: nothing else.
class Products {
 public:
  Products(Index rows, Index channels, Index patch)
      : rows_(rows),
        channels_(channels),
        patch_(patch),
        small_(rows * channels),
        patches_(rows * patch),
        weight_(channels * patch) {
    for (auto* buffer : {&small_, &patches_, &weight_}) fill(*buffer);
  }
  void run() {
    const Matrix small(small_.data(), rows_, channels_);
    const Matrix patches(patches_.data(), rows_, patch_);
    const Matrix weight(weight_.data(), channels_, patch_);
    gemm(false, true, patches, weight, 0, small);
    gemm(true, false, small, patches, 0, weight);
    gemm(false, false, small, weight, 0, patches);
  }

 private:
  Index rows_;
  Index channels_;
  Index patch_;
  Buffer<float> small_;
  Buffer<float> patches_;
  Buffer<float> weight_;
};

void layer(benchmark::State& state) {
  use_single_threaded_blas();
  const char* const text = cases[static_cast<std::size_t>(state.range(0))];
  const LayerList list = layer_list_from(text);
  const auto shapes = unit_shapes(list, "layers");
  Layout layout;
  const Convolution convolution(layout, "layer", list[1], shapes[0].image, shapes[1].image,
                                Activation::linear);
  Buffer<float> parameters(layout.size());
  Buffer<float> gradient(layout.size());
  Buffer<float> x(samples * convolution.inputs());
  Buffer<float> dx(x.size());
  Buffer<float> y(samples * convolution.outputs());
  Buffer<float> dy(y.size());
  Buffer<float> scratch(samples * convolution.scratch_per_row() + convolution.fixed_scratch());
  for (auto* buffer : {&parameters, &x, &dy}) fill(*buffer);
  PassContext context;
  context.training = true;
  const Matrix in(x.data(), samples, convolution.inputs());
  const Matrix out(y.data(), samples, convolution.outputs());
  const bool transposed = list[1].kind == LayerSpec::Kind::transposed_convolution;
  const ImageShape& small = shapes[transposed ? 0 : 1].image;
  const ImageShape& large = shapes[transposed ? 1 : 0].image;
  Products products(samples * small.places(), small.channels,
                    list[1].window.kernel.product() * large.channels);
  double layer_seconds = 0;
  double product_seconds = 0;
  for (auto _ : state) {
    Timer timer;
    convolution.forward(parameters.data(), in, out, scratch.span(), context);
    convolution.backward(parameters.data(), in, out, {dy.data(), samples, out.columns},
                         {dx.data(), samples, in.columns}, gradient.data(), scratch.span(),
                         context);
    const double seconds = timer.seconds();
    layer_seconds += seconds;
    state.SetIterationTime(seconds);
    timer.restart();
    products.run();
    product_seconds += timer.seconds();
    benchmark::ClobberMemory();
  }
  const double flops = 3 * static_cast<double>(samples) * convolution.flops_per_row() *
                       static_cast<double>(state.iterations());
  state.counters["gflops"] = flops / layer_seconds / 1e9;
  state.counters["limit_gflops"] = flops / product_seconds / 1e9;
  state.counters["ratio"] = layer_seconds / product_seconds;
  state.SetLabel(text);
}

void all_cases(benchmark::internal::Benchmark* benchmark) {
  benchmark->DenseRange(0, static_cast<int>(cases.size()) - 1);
}

}  // namespace
}  // namespace hourglass

BENCHMARK(hourglass::layer)
    ->Name("convolution")
    ->Apply(hourglass::all_cases)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
