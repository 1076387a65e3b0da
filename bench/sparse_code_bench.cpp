// A training step of a sparse autoencoder on one core against its limit, measured in turn in the
// same run: the encoder's dense product alone, plus the memory traffic of the active units' rows
// and of the update at the measured bandwidth.
//
//   build/release/bench/sparse_code_bench --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
//
// Counters: step_ms, limit_ms, ratio = step / limit, product_ms, samples_per_second. Arguments:
// features, units, active units per sample, batch, 1 for bfloat16.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "core/random.hpp"
#include "core/timer.hpp"
#include "engine/stage.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "memory_limit.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

// Uniform noise around 0: its codes are as sparse as others.
class NoiseSource final : public SampleSource {
 public:
  NoiseSource(Index rows, Index features) : values_(rows * features) {
    const CounterRandom random(1, Purpose::generation);
    for (Index i = 0; i < values_.size(); ++i)
      values_[i] = uniform_unit(random.bits(static_cast<std::uint64_t>(i), 0, 0)[0]) - 0.5F;
  }
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index, Index, Matrix x, std::span<std::uint64_t>) override {
    std::copy_n(values_.data(), x.rows * x.columns, x.data);
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return values_.size() * 4; }
  [[nodiscard]] const float* data() const { return values_.data(); }

 private:
  Buffer<float> values_;
};

void step_against_limit(benchmark::State& state) {
  const Index features = state.range(0);
  const Index units = state.range(1);
  const Index k = state.range(2);
  const Index batch = state.range(3);
  const bool rounded = state.range(4) != 0;
  AutoencoderSpec spec;
  spec.encoder = {features, units};
  spec.output_activation = Activation::linear;
  spec.sparsity.selection.kind = Selection::top_k;
  spec.sparsity.selection.k = k;
  const Autoencoder model(spec);
  const ShardPlan plan(batch, 1, batch);
  WorkerPool pool(1);
  Buffer<float> parameters(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 1, parameters.span());
  StageSettings settings{.epochs = 1};
  settings.arithmetic.precision = rounded ? Precision::bf16 : Precision::fp32;
  Stage stage(Communicator::self(), model, plan, pool, parameters.span(), settings);
  NoiseSource source(batch, features);
  const ConstMatrix x(source.data(), batch, features);
  const ConstMatrix weight = model.architecture().sparse_encoder->weight(parameters.data());
  Buffer<float> products(batch * units);
  Buffer<Bfloat16> rounded_x(batch * features);
  Buffer<Bfloat16> rounded_weight(units * features);
  convert_to_bfloat16(x.data, rounded_x.data(), rounded_x.size());
  // A row is read for decoding and for each of the two weight gradients, which are written, one of
  // them after reading the atom. Adam reads parameter, gradient and two moments and writes all but
  // the gradient.
  const double rows = 3.0 * static_cast<double>(batch * k) + 3.0 * static_cast<double>(units);
  const double bytes = 4.0 * rows * static_cast<double>(features) +
                       7.0 * 4.0 * static_cast<double>(model.layout().size());
  const double traffic_seconds = bytes / triad_bandwidth();
  std::vector<double> steps;
  std::vector<double> multiplications;
  Index count = 0;
  for (auto _ : state) {
    const Timer step_timer;
    stage.gradient(source, 1, 0, 0);
    stage.update(count++, 1e-4, {});
    steps.push_back(step_timer.seconds());
    state.SetIterationTime(steps.back());
    const Timer timer;
    if (rounded) {
      convert_to_bfloat16(weight.data, rounded_weight.data(), rounded_weight.size());
      gemm_bfloat16(false, true, {rounded_x.data(), batch, features},
                    {rounded_weight.data(), units, features}, 0,
                    Matrix(products.data(), batch, units));
    } else {
      gemm(false, true, x, weight, 0, Matrix(products.data(), batch, units));
    }
    multiplications.push_back(timer.seconds());
  }
  const double limit = median(multiplications) + traffic_seconds;
  state.counters["step_ms"] = median(steps) * 1e3;
  state.counters["product_ms"] = median(multiplications) * 1e3;
  state.counters["limit_ms"] = limit * 1e3;
  state.counters["ratio"] = median(steps) / limit;
  state.counters["samples_per_second"] = static_cast<double>(batch) / median(steps);
}
BENCHMARK(step_against_limit)
    ->ArgNames({"features", "units", "k", "batch", "bf16"})
    ->Args({512, 8192, 32, 1024, 0})
    ->Args({512, 8192, 32, 1024, 1})
    ->Args({768, 32768, 32, 1024, 0})
    ->Args({768, 32768, 32, 1024, 1})
    ->UseManualTime()
    ->Iterations(7)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  hourglass::use_single_threaded_blas();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
