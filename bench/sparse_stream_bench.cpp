// How fast cells of a sparse matrix come, without a network: from memory and streamed, contiguous
// and in chunks that are compressed; as sparse micro-batches and spread into dense ones. The files
// are in the page cache: what is measured is reading, unpacking, shuffling and converting, not a
// disk.
//
//   build/release/bench/sparse_stream_bench --benchmark_repetitions=5
//   HOURGLASS_SPARSE_MATRIX=cells.h5ad:/X build/release/bench/sparse_stream_bench
//
// The matrix has 40000 cells x 20000 genes, 1000 elements a cell, or is that of the environment
// variable. Arguments: deflate 0 or 1; streamed 0 or 1; dense 0 or 1. Counters: cells_per_second,
// MiB of samples held.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "data/sample_source.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/environment.hpp"

namespace hourglass {
namespace {

constexpr Index cells = 40000;
constexpr Index genes = 20000;
constexpr Index elements_per_cell = 1000;
constexpr Index elements = cells * elements_per_cell;
constexpr Index chunk = Index{1} << 18;
constexpr Index batch = 1024;
constexpr Index micro_batch = 128;

const char* given_matrix() { return std::getenv("HOURGLASS_SPARSE_MATRIX"); }

void write_matrix(DatasetWriter& writer) {
  std::vector<float> values(elements_per_cell);
  std::vector<std::int32_t> columns(elements_per_cell);
  std::vector<Index> pointers;
  const CounterRandom random(1, Purpose::generation);
  constexpr Index step = genes / elements_per_cell;
  for (Index cell = 0; cell < cells; ++cell) {
    pointers.push_back(cell * elements_per_cell);
    for (Index i = 0; i < elements_per_cell; ++i) {
      const auto bits =
          random.bits(static_cast<std::uint64_t>(cell), static_cast<std::uint32_t>(i), 0);
      columns[static_cast<std::size_t>(i)] =
          static_cast<std::int32_t>(i * step + static_cast<Index>(bits[0] % step));
      values[static_cast<std::size_t>(i)] = static_cast<float>(1 + bits[1] % 8);
    }
    const Range place{pointers.back(), pointers.back() + elements_per_cell};
    writer.write_rows(0, place, std::as_bytes(std::span(values)));
    writer.write_rows(1, place, std::as_bytes(std::span(columns)));
  }
  pointers.push_back(elements);
  writer.write_rows(2, {0, cells + 1}, std::as_bytes(std::span(pointers)));
  const std::vector<Index> shape = {cells, genes};
  writer.write_rows(3, {0, 2}, std::as_bytes(std::span(shape)));
  writer.commit();
}

std::string file_of(bool deflate) {
  return std::filesystem::temp_directory_path() /
         ("sparse_stream_bench_" + std::to_string(getpid()) + (deflate ? "_deflate.h5" : ".h5"));
}

DatasetAddress matrix(bool deflate) {
  if (const char* const given = given_matrix()) return parse_address(given);
  const std::string file = file_of(deflate);
  if (!std::filesystem::exists(file)) {
    const Index rows = deflate ? chunk : 0;
    const int level = deflate ? 4 : 0;
    DatasetWriter writer(Communicator::self(), file,
                         {{"/X/data", {elements}, ElementType::f32, rows, level, {}},
                          {"/X/indices", {elements}, ElementType::i32, rows, level, {}},
                          {"/X/indptr", {cells + 1}, ElementType::i64, 0, 0, {}},
                          {"/X/shape", {2}, ElementType::i64, 0, 0, {}}});
    write_matrix(writer);
  }
  return {file, "/X"};
}

struct Remover {
  ~Remover() {
    std::error_code ignored;
    for (const bool deflate : {false, true}) std::filesystem::remove(file_of(deflate), ignored);
  }
};

void gather(benchmark::State& state) {
  const bool deflate = state.range(0) != 0;
  const bool streamed = state.range(1) != 0;
  const bool dense = state.range(2) != 0;
  if (deflate && given_matrix() != nullptr) return state.SkipWithError("the matrix is given");
  DatasetReader reader(matrix(deflate));
  const DatasetInfo info = reader.info();
  const ShardPlan plan(info.rows(), batch / micro_batch, micro_batch);
  const SampleSourceSettings settings{plan, {0, plan.shards()}, {}, {}};
  std::unique_ptr<SampleSource> source;
  if (streamed) {
    source = make_streaming_source(std::move(reader), settings);
  } else {
    source = make_memory_source(reader, settings);
  }
  Buffer<float> x(dense ? micro_batch * info.features() : 0);
  SparseBatch rows;
  std::vector<std::uint64_t> all_ids(micro_batch);
  std::uint32_t epoch = 0;
  for (auto _ : state) {
    source->begin_epoch(epoch++, 0);
    for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
      for (Index shard = 0; shard < plan.shards(); ++shard) {
        const Index count = plan.positions(shard, step).size();
        const auto ids = std::span(all_ids).first(static_cast<std::size_t>(count));
        if (dense) {
          source->gather(shard, step, {x.data(), count, info.features()}, ids);
        } else {
          rows.clear(info.features());
          source->gather_sparse(shard, step, rows, ids);
        }
      }
    }
  }
  state.counters["cells_per_second"] = benchmark::Counter(
      static_cast<double>(info.rows()), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["held_mib"] = benchmark::Counter(static_cast<double>(source->bytes()) / (1 << 20));
  state.SetLabel(std::string(deflate ? "deflate" : "as it is") +
                 (streamed ? ", streamed" : ", in memory") + (dense ? ", dense" : ", sparse"));
}
BENCHMARK(gather)
    ->ArgsProduct({{0, 1}, {0, 1}, {0, 1}})
    ->ArgNames({"deflate", "streamed", "dense"})
    ->Iterations(2)
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
