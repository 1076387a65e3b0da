// Time of one update of the parameters of 784-1000-500-250-30 and back, against a plain triad over
// arrays as large: an update is as good as it can be when it moves memory as fast as the triad.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"
#include "optim/clip.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {
namespace {

constexpr Index parameter_count = round_up(2'837'314, cell_floats);

// A run over memory as large as the model's; each iteration counts as `streams` passes of reading
// or writing.
void report(benchmark::State& state, int streams) {
  state.SetBytesProcessed(state.iterations() * streams * parameter_count *
                          static_cast<Index>(sizeof(float)));
}

void fill_normal(Buffer<float>& buffer, std::uint64_t item) {
  const CounterRandom random(1, Purpose::probe);
  for (Index i = 0; i < buffer.size(); i += 2) {
    const auto words = random.bits(item, 0, static_cast<std::uint32_t>(i / 2));
    const auto pair = normal_pair(words[0], words[1]);
    std::copy(pair.begin(), pair.end(), buffer.data() + i);
  }
}

void update(benchmark::State& state, const OptimizerSettings& settings) {
  const auto optimizer = make_optimizer(settings);
  Buffer<float> parameters(parameter_count);
  Buffer<float> gradient(parameter_count);
  fill_normal(parameters, 0);
  fill_normal(gradient, 1);
  std::vector<Buffer<float>> moments;
  std::vector<float*> runs;
  for (std::size_t i = 0; i < optimizer->state_names().size(); ++i) {
    runs.push_back(moments.emplace_back(parameter_count).data());
  }
  UpdateStep step = {.step = 1, .learning_rate = 1e-3};
  for (auto _ : state) {
    optimizer->update(step, parameters.span(), gradient.span(), runs);
    ++step.step;
    benchmark::ClobberMemory();
  }
  // The gradient is read; parameters and moments are read and written.
  report(state, 3 + 2 * static_cast<int>(moments.size()));
}

void triad(benchmark::State& state) {
  Buffer<float> a(parameter_count);
  Buffer<float> b(parameter_count);
  Buffer<float> c(parameter_count);
  fill_normal(b, 0);
  fill_normal(c, 1);
  for (auto _ : state) {
    float* __restrict out = a.data();
    const float* __restrict left = b.data();
    const float* __restrict right = c.data();
    for (Index i = 0; i < parameter_count; ++i) out[i] = left[i] + 0.5F * right[i];
    benchmark::ClobberMemory();
  }
  report(state, 3);
}

void gradient_norm(benchmark::State& state) {
  Buffer<float> gradient(parameter_count);
  fill_normal(gradient, 0);
  for (auto _ : state) {
    ExactSum sum;
    add_sum_of_squares(gradient.span(), sum);
    benchmark::DoNotOptimize(sum.value());
  }
  report(state, 1);
}

void register_all() {
  const auto add = [](const std::string& name, const OptimizerSettings& settings) {
    benchmark::RegisterBenchmark(("update/" + name).c_str(), [settings](benchmark::State& state) {
      update(state, settings);
    })->Unit(benchmark::kMicrosecond);
  };
  benchmark::RegisterBenchmark("triad", triad)->Unit(benchmark::kMicrosecond);
  for (const std::string& name : optimizer_names()) add(name, {.name = name, .weight_decay = 1e-4});
  add("sgd-momentum", {.name = "sgd", .momentum = 0.9, .weight_decay = 1e-4});
  add("sgd-nesterov", {.name = "sgd", .momentum = 0.9, .nesterov = true, .weight_decay = 1e-4});
  benchmark::RegisterBenchmark("gradient_norm", gradient_norm)->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  hourglass::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
