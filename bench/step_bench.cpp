// A whole training step on one core against its limit, measured in turn in the same run: the limit
// is the time of the step's GEMMs alone plus the memory traffic of the update at the measured
// bandwidth. Beside it a plain loop over cblas_sgemm on the full batch.
//
//   build/release/bench/step_bench --benchmark_repetitions=5
//   --benchmark_report_aggregates_only=true
//
// Counters: step_ms, limit_ms, ratio = step / limit, samples_per_second. Arguments: batch,
// micro-batch.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "core/timer.hpp"
#include "engine/stage.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"
#include "memory_limit.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

const LayerList encoder = {784, 1000, 500, 250, 30};
const std::vector<Index> widths = {784, 1000, 500, 250, 30, 250, 500, 1000, 784};

// Uniform noise: the arithmetic takes as long as on images.
class NoiseSource final : public SampleSource {
 public:
  explicit NoiseSource(Index rows) : values_(rows * widths.front()) {
    const CounterRandom random(1, Purpose::generation);
    for (Index i = 0; i < values_.size(); ++i) {
      values_[i] = uniform_unit(random.bits(static_cast<std::uint64_t>(i), 0, 0)[0]);
    }
  }
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index shard, Index, Matrix x, std::span<std::uint64_t>) override {
    std::copy_n(values_.data() + shard * x.rows * x.columns, x.rows * x.columns, x.data);
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return values_.size() * 4; }

 private:
  Buffer<float> values_;
};

// The GEMMs of forward and backward, on operands of their own: nothing else.
class Gemms {
 public:
  explicit Gemms(Index rows) : rows_(rows) {
    for (std::size_t l = 0; l < widths.size(); ++l) {
      activations_.emplace_back(rows * widths[l]);
      gradients_.emplace_back(rows * widths[l]);
      for (auto* buffer : {&activations_.back(), &gradients_.back()})
        std::ranges::fill(buffer->span(), 0.5F);
      if (l == 0) continue;
      weights_.emplace_back(widths[l] * widths[l - 1]);
      weight_gradients_.emplace_back(widths[l] * widths[l - 1]);
      std::ranges::fill(weights_.back().span(), 0.01F);
    }
  }

  void run() {
    const auto matrix = [&](Buffer<float>& buffer, std::size_t l) {
      return Matrix(buffer.data(), rows_, widths[l]);
    };
    const auto weight = [&](Buffer<float>& buffer, std::size_t l) {
      return Matrix(buffer.data(), widths[l], widths[l - 1]);
    };
    for (std::size_t l = 1; l < widths.size(); ++l) {
      gemm(false, true, matrix(activations_[l - 1], l - 1), weight(weights_[l - 1], l), 0,
           matrix(activations_[l], l));
    }
    for (std::size_t l = widths.size() - 1; l >= 1; --l) {
      gemm(true, false, matrix(gradients_[l], l), matrix(activations_[l - 1], l - 1), 0,
           weight(weight_gradients_[l - 1], l));
      if (l > 1)
        gemm(false, false, matrix(gradients_[l], l), weight(weights_[l - 1], l), 0,
             matrix(gradients_[l - 1], l - 1));
    }
  }

 private:
  Index rows_;
  std::vector<Buffer<float>> activations_, gradients_, weights_, weight_gradients_;
};

void step_against_limit(benchmark::State& state) {
  const Index batch = state.range(0);
  const Index micro_batch = state.range(1);
  AutoencoderSpec spec;
  spec.encoder = encoder;
  const Autoencoder model(spec);
  const ShardPlan plan(batch, batch / micro_batch, micro_batch);
  WorkerPool pool(1);
  Buffer<float> parameters(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 1, parameters.span());
  Stage stage(Communicator::self(), model, plan, pool, parameters.span(), {.epochs = 1});
  NoiseSource source(batch);
  Gemms gemms(micro_batch);
  // Adam reads parameter, gradient and two moments and writes all but the gradient.
  const double traffic_seconds =
      7.0 * 4.0 * static_cast<double>(model.layout().size()) / triad_bandwidth();
  std::vector<double> steps;
  std::vector<double> limits;
  Index count = 0;
  for (auto _ : state) {
    const Timer step_timer;
    stage.gradient(source, 1, 0, 0);
    stage.update(count++, 1e-4, {});
    steps.push_back(step_timer.seconds());
    state.SetIterationTime(steps.back());
    const Timer limit_timer;
    for (Index m = 0; m < batch; m += micro_batch) gemms.run();
    limits.push_back(limit_timer.seconds() + traffic_seconds);
  }
  state.counters["step_ms"] = median(steps) * 1e3;
  state.counters["limit_ms"] = median(limits) * 1e3;
  state.counters["ratio"] = median(steps) / median(limits);
  state.counters["samples_per_second"] = static_cast<double>(batch) / median(steps);
}
BENCHMARK(step_against_limit)
    ->ArgNames({"batch", "micro"})
    ->Args({128, 128})
    ->Args({256, 128})
    ->Args({256, 256})
    ->Args({1024, 128})
    ->Args({1024, 256})
    ->Args({1024, 1024})
    ->UseManualTime()
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);

// What a person writes first: cblas_sgemm on the whole batch, ReLU, squared error, Adam; no shards,
// no tree, nothing hidden.
void plain_loop(benchmark::State& state) {
  const auto rows = static_cast<int>(state.range(0));
  const std::size_t layers = widths.size() - 1;
  std::vector<std::vector<float>> w(layers), dw(layers), m1(layers), m2(layers), b(layers),
      db(layers);
  std::vector<std::vector<float>> a(layers + 1), g(layers + 1);
  for (std::size_t l = 0; l <= layers; ++l) {
    a[l].assign(static_cast<std::size_t>(rows * widths[l]), 0.5F);
    g[l] = a[l];
    if (l == layers) break;
    const auto size = static_cast<std::size_t>(widths[l] * widths[l + 1]);
    w[l].assign(size, 0.01F);
    for (auto* v : {&dw[l], &m1[l], &m2[l]}) v->assign(size, 0.0F);
    b[l].assign(static_cast<std::size_t>(widths[l + 1]), 0.0F);
    db[l] = b[l];
  }
  const auto n = [&](std::size_t l) { return static_cast<int>(widths[l]); };
  for (auto _ : state) {
    for (std::size_t l = 0; l < layers; ++l) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n(l + 1), n(l), 1, a[l].data(),
                  n(l), w[l].data(), n(l), 0, a[l + 1].data(), n(l + 1));
      for (int r = 0; r < rows; ++r) {
        float* y = a[l + 1].data() + static_cast<std::ptrdiff_t>(r) * n(l + 1);
        for (int c = 0; c < n(l + 1); ++c)
          y[c] = std::max(0.0F, y[c] + b[l][static_cast<std::size_t>(c)]);
      }
    }
    for (std::size_t i = 0; i < g[layers].size(); ++i)
      g[layers][i] = 2 * (a[layers][i] - a[0][i]) / static_cast<float>(rows);
    for (std::size_t l = layers; l-- > 0;) {
      std::ranges::fill(db[l], 0.0F);
      for (int r = 0; r < rows; ++r) {
        const float* y = a[l + 1].data() + static_cast<std::ptrdiff_t>(r) * n(l + 1);
        float* dy = g[l + 1].data() + static_cast<std::ptrdiff_t>(r) * n(l + 1);
        for (int c = 0; c < n(l + 1); ++c) {
          dy[c] = y[c] > 0 ? dy[c] : 0.0F;
          db[l][static_cast<std::size_t>(c)] += dy[c];
        }
      }
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n(l + 1), n(l), rows, 1, g[l + 1].data(),
                  n(l + 1), a[l].data(), n(l), 0, dw[l].data(), n(l));
      if (l > 0) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n(l), n(l + 1), 1,
                    g[l + 1].data(), n(l + 1), w[l].data(), n(l), 0, g[l].data(), n(l));
      }
    }
    for (std::size_t l = 0; l < layers; ++l) {
      for (std::size_t i = 0; i < w[l].size(); ++i) {
        m1[l][i] = 0.9F * m1[l][i] + 0.1F * dw[l][i];
        m2[l][i] = 0.999F * m2[l][i] + 0.001F * dw[l][i] * dw[l][i];
        w[l][i] -= 1e-4F * m1[l][i] / (std::sqrt(m2[l][i]) + 1e-8F);
      }
      for (std::size_t i = 0; i < b[l].size(); ++i) b[l][i] -= 1e-4F * db[l][i];
    }
  }
  state.counters["samples_per_second"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(plain_loop)->Arg(128)->Arg(256)->Arg(1024)->Iterations(20)->Unit(benchmark::kMillisecond);

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
