// How fast samples come: from memory, and streamed from HDF5 files that are contiguous, chunked and
// deflate-compressed. Alone (the limit of a model that computes nothing), and against a training
// step of 784-1000-500-250-30 on one core, which must not wait for them. The files are in the page
// cache after the first epoch: what is measured is reading, unpacking, shuffling and converting,
// not a disk.
//
//   build/release/bench/input_bench --benchmark_repetitions=3
//   --benchmark_report_aggregates_only=true
//
// Arguments: storage 0 memory, 1 contiguous, 2 chunked, 3 chunked and compressed. Counters:
// samples_per_second.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/random.hpp"
#include "core/timer.hpp"
#include "data/sample_source.hpp"
#include "engine/stage.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/environment.hpp"
#include "math/blas.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 20 * 1024;
constexpr Index features = 784;
constexpr Index batch = 1024;
constexpr Index micro_batch = 128;

const char* const storage_names[] = {"memory", "contiguous", "chunked", "compressed"};

// Images that compress about as well as photographs of clothes do: mostly background, then noise.
std::string data_file() {
  static const std::string path = [] {
    const std::string file = std::filesystem::temp_directory_path() /
                             ("input_bench_" + std::to_string(getpid()) + ".h5");
    std::vector<DatasetSpec> specs;
    for (int storage = 1; storage <= 3; ++storage) {
      specs.push_back({std::string("/") + storage_names[storage],
                       {rows, features},
                       ElementType::u8,
                       storage > 1 ? 128 : 0,
                       storage == 3 ? 4 : 0,
                       {}});
    }
    DatasetWriter writer(Communicator::self(), file, specs);
    std::vector<std::byte> values(static_cast<std::size_t>(rows * features));
    const CounterRandom random(1, Purpose::generation);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto word = random.bits(i, 0, 0)[0];
      values[i] = i % 28 < 14 ? std::byte{0} : static_cast<std::byte>(word & 0x3F);
    }
    for (std::size_t d = 0; d < specs.size(); ++d) writer.write_rows(d, {0, rows}, values);
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

std::unique_ptr<SampleSource> open_source(int storage, const ShardPlan& plan) {
  InputTransform transform;
  transform.divisor = 255;
  const SampleSourceSettings settings{plan, {0, plan.shards()}, {}, transform};
  DatasetReader reader(
      DatasetAddress{data_file(), std::string("/") + storage_names[std::max(storage, 1)]});
  return storage == 0 ? make_memory_source(reader, settings)
                      : make_streaming_source(std::move(reader), settings);
}

void gather(benchmark::State& state) {
  const auto storage = static_cast<int>(state.range(0));
  const ShardPlan plan(rows, batch / micro_batch, micro_batch);
  const auto source = open_source(storage, plan);
  Buffer<float> x(micro_batch * features);
  std::vector<std::uint64_t> ids(micro_batch);
  std::uint32_t epoch = 0;
  for (auto _ : state) {
    source->begin_epoch(epoch++, 0);
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      for (Index shard = 0; shard < plan.shards(); ++shard) {
        const Index count = plan.positions(shard, step).size();
        source->gather(shard, step, {x.data(), count, features},
                       std::span(ids).first(static_cast<std::size_t>(count)));
      }
    }
  }
  state.counters["samples_per_second"] =
      benchmark::Counter(rows, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(storage_names[storage]);
}
BENCHMARK(gather)->DenseRange(0, 3)->ArgName("storage")->Iterations(3)->UseRealTime()->Unit(
    benchmark::kMillisecond);

void train(benchmark::State& state) {
  const auto storage = static_cast<int>(state.range(0));
  AutoencoderSpec spec;
  spec.encoder = {784, 1000, 500, 250, 30};
  const Autoencoder model(spec);
  const ShardPlan plan(rows, batch / micro_batch, micro_batch);
  WorkerPool pool(1);
  Buffer<float> parameters(model.layout().size());
  initialize(model.layout(), model.roles(), Initialization::glorot_uniform, 1, parameters.span());
  Stage stage(Communicator::self(), model, plan, pool, parameters.span(), {.epochs = 1});
  const auto source = open_source(storage, plan);
  std::uint32_t epoch = 0;
  Index count = 0;
  for (auto _ : state) {
    source->begin_epoch(epoch, 0);
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      stage.gradient(*source, 1, epoch, step);
      stage.update(count++, 1e-4, {});
    }
    ++epoch;
  }
  state.counters["samples_per_second"] =
      benchmark::Counter(rows, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(storage_names[storage]);
}
BENCHMARK(train)->DenseRange(0, 3)->ArgName("storage")->Iterations(1)->UseRealTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  hourglass::use_single_threaded_blas();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const hourglass::Remover remover;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
