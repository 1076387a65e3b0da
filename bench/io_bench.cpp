// Reading and writing HDF5: rows in file order, plain and deflated, and a checkpoint of the
// 784-1000-500-250-30 model with Adam:
//   TMPDIR=/scratch build/release/bench/io_bench --benchmark_repetitions=5
// Files lie in TMPDIR (or /tmp). Reading finds them in the page cache: it is the library that is
// measured, not the disk; a written file counts when it is on the disk.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"

namespace hourglass {
namespace {

constexpr Index features = 784;
constexpr Index model_floats = 2837760;

std::string scratch(const char* name) {
  return (std::filesystem::temp_directory_path() /
          ("hourglass-io-bench-" + std::to_string(getpid()) + name))
      .string();
}

// Every other row is empty: deflate has something to gain.
std::vector<std::byte> samples(Index rows) {
  std::vector<std::byte> values(static_cast<std::size_t>(rows * features));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::byte>(i / features % 2 == 0 ? i * 2654435761U >> 24 : 0);
  return values;
}

void write_samples(const std::string& path, std::span<const std::byte> values, Index rows,
                   int compression) {
  const Index chunk = compression > 0 ? suggested_chunk_rows({rows, features}, ElementType::u8) : 0;
  DatasetWriter writer(Communicator::self(), path,
                       {{"/samples", {rows, features}, ElementType::u8, chunk, compression, {}}});
  writer.write_rows(0, {0, rows}, values);
  writer.commit();
}

void write_rows(benchmark::State& state) {
  const Index rows = state.range(0);
  const auto values = samples(rows);
  const std::string path = scratch("-write.h5");
  for (auto _ : state) {
    write_samples(path, values, rows, static_cast<int>(state.range(1)));
    state.PauseTiming();
    std::filesystem::remove(path);
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * rows * features);
}
BENCHMARK(write_rows)
    ->ArgNames({"rows", "deflate"})
    ->Args({20000, 0})
    ->Args({20000, 4})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void read_rows(benchmark::State& state) {
  const Index rows = state.range(0);
  const std::string path = scratch("-read.h5");
  write_samples(path, samples(rows), rows, static_cast<int>(state.range(1)));
  const DatasetReader reader(parse_address(path + ":/samples"));
  constexpr Index block = 1000;
  Buffer<std::byte> bytes(block * features);
  for (auto _ : state) {
    for (Index row = 0; row < rows; row += block)
      reader.read_rows({row, row + block}, bytes.span());
  }
  state.SetBytesProcessed(state.iterations() * rows * features);
  std::filesystem::remove(path);
}
BENCHMARK(read_rows)
    ->ArgNames({"rows", "deflate"})
    ->Args({20000, 0})
    ->Args({20000, 4})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void checkpoint(benchmark::State& state) {
  const std::vector<StoredTensor> tensors = {
      {"encoder/0/weight", {model_floats / 64, 64}, 0, model_floats}};
  const Buffer<float> values(model_floats);
  std::vector<StoredArena> arenas;
  for (const char* group : {"/model", "/optimizer/mean", "/optimizer/variance"}) {
    arenas.push_back({group, tensors, {{0, model_floats}}, {values.data()}});
  }
  StateHeader header;
  header.position = {{"epoch", 0}, {"step", 1}, {"samples", 1}};
  const std::string path = scratch("-checkpoint.h5");
  const auto self = Communicator::self();
  for (auto _ : state) write_state_file(self, path, header, arenas);
  state.SetBytesProcessed(state.iterations() * 3 * model_floats * 4);
  std::filesystem::remove(path);
}
BENCHMARK(checkpoint)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
