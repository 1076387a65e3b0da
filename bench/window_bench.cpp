// How fast sliding windows of a time series come, against the same windows written out as rows:
// from memory and streamed. The files are in the page cache: what is measured is reading, shuffling
// and converting, not a disk.
//
//   build/release/bench/window_bench --benchmark_repetitions=5
//
// Arguments: views 0 the rows written out, 1 windows of the series; streamed 0 or 1. Counters:
// samples_per_second, MiB of samples held.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/random.hpp"
#include "data/sample_source.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/environment.hpp"

namespace hourglass {
namespace {

constexpr Index steps = 100000;
constexpr Index channels = 3;
constexpr Index length = 64;
constexpr Index windows = steps - length + 1;
constexpr Index batch = 1024;
constexpr Index micro_batch = 128;

std::string data_file() {
  static const std::string path = [] {
    const std::string file = std::filesystem::temp_directory_path() /
                             ("window_bench_" + std::to_string(getpid()) + ".h5");
    DatasetWriter writer(Communicator::self(), file,
                         {{"/series", {steps, channels}, ElementType::f32, 0, 0, {}},
                          {"/windows", {windows, length, channels}, ElementType::f32, 0, 0, {}}});
    std::vector<float> series(static_cast<std::size_t>(steps * channels));
    const CounterRandom random(1, Purpose::generation);
    for (std::size_t i = 0; i < series.size(); ++i)
      series[i] = uniform_unit(random.bits(i, 0, 0)[0]);
    writer.write_rows(0, {0, steps}, std::as_bytes(std::span(series)));
    std::vector<float> rows;
    for (Index w = 0; w < windows; ++w) {
      const auto first = series.begin() + w * channels;
      rows.insert(rows.end(), first, first + length * channels);
    }
    writer.write_rows(1, {0, windows}, std::as_bytes(std::span(rows)));
    writer.commit();
    return file;
  }();
  return path;
}

struct Remover {
  ~Remover() {
    std::error_code ignored;
    std::filesystem::remove(data_file(), ignored);
  }
};

void gather(benchmark::State& state) {
  const bool views = state.range(0) != 0;
  const bool streamed = state.range(1) != 0;
  DatasetAddress address{data_file(), views ? "/series" : "/windows"};
  if (views) address.options.views.window = length;
  DatasetReader reader(address);
  const ShardPlan plan(windows, batch / micro_batch, micro_batch);
  const SampleSourceSettings settings{plan, {0, plan.shards()}, {}, {}};
  std::unique_ptr<SampleSource> source;
  if (streamed) {
    source = make_streaming_source(std::move(reader), settings);
  } else {
    source = make_memory_source(reader, settings);
  }
  Buffer<float> x(micro_batch * length * channels);
  std::vector<std::uint64_t> ids(micro_batch);
  std::uint32_t epoch = 0;
  for (auto _ : state) {
    source->begin_epoch(epoch++, 0);
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      for (Index shard = 0; shard < plan.shards(); ++shard) {
        const Index count = plan.positions(shard, step).size();
        source->gather(shard, step, {x.data(), count, length * channels},
                       std::span(ids).first(static_cast<std::size_t>(count)));
      }
    }
  }
  state.counters["samples_per_second"] =
      benchmark::Counter(windows, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["held_mib"] = benchmark::Counter(static_cast<double>(source->bytes()) / (1 << 20));
  state.SetLabel(std::string(views ? "windows" : "written out") +
                 (streamed ? ", streamed" : ", in memory"));
}
BENCHMARK(gather)
    ->ArgsProduct({{0, 1}, {0, 1}})
    ->ArgNames({"views", "streamed"})
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const hourglass::Remover remover;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
