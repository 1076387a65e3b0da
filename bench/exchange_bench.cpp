// The exchange of one step (sum of the gradients, distribution of the parameters) on the ranks of
// the job:
//   mpirun -n 2 build/release/bench/exchange_bench --benchmark_repetitions=5
//   --benchmark_out=exchange.json
// Every rank runs the same fixed number of steps; a step's time is that of the slowest rank; rank 0
// reports. Time is the mean step; compare median_us, which a busy machine disturbs least, and never
// ranks that share a core. `tree` has four leaves a rank, `tree_odd` three, which makes the owner
// of a slice complete the tree.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/timer.hpp"
#include "core/tree_sum.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"

namespace hourglass {
namespace {

using MakeReducer = std::unique_ptr<Reducer> (*)(const Communicator&, const ReducerSettings&);

void exchange(benchmark::State& state, const Communicator& world, MakeReducer make,
              Index leaves_per_rank) {
  const Index floats = state.range(0) / static_cast<Index>(sizeof(float));
  const Index leaves = leaves_per_rank * world.size();
  Buffer<float> sum(floats);
  Buffer<float> parameters(floats);
  ReducerSettings settings;
  settings.leaves = leaves;
  settings.sum = sum.span();
  settings.parameters = parameters.span();
  const std::unique_ptr<Reducer> reducer = make(world, settings);
  const auto buckets = reducer->buckets();

  const std::vector<Range> nodes =
      maximal_nodes(even_part(leaves, world.size(), world.rank()), leaves);
  std::vector<Buffer<float>> others;
  for (std::size_t n = 1; n < nodes.size(); ++n) others.emplace_back(floats);
  std::vector<BucketPart> parts(nodes.size());
  const auto step = [&] {
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        parts[n] = {nodes[n], (n == 0 ? sum.data() : others[n - 1].data()) + buckets[b].begin};
      }
      reducer->start_reduce(static_cast<Index>(b), parts);
    }
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      reducer->wait_reduce(static_cast<Index>(b));
      reducer->start_gather(static_cast<Index>(b));
    }
    reducer->finish();
  };

  for (int warm_up = 0; warm_up < 3; ++warm_up) step();
  std::vector<double> seconds;
  seconds.reserve(static_cast<std::size_t>(state.max_iterations));
  for (auto _ : state) {
    world.barrier();
    const Timer timer;
    step();
    seconds.push_back(world.max(timer.seconds()));
    state.SetIterationTime(seconds.back());
  }
  // On a busy machine the mean is that of the few steps in which a rank lost its core.
  std::ranges::sort(seconds);
  state.counters["median_us"] = 1e6 * seconds[seconds.size() / 2];
  state.counters["fastest_us"] = 1e6 * seconds.front();
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void register_benchmarks(const Communicator& world) {
  struct Variant {
    const char* name;
    MakeReducer make;
    Index leaves_per_rank;
  };
  for (const Variant& variant :
       {Variant{"tree", make_tree_reducer, 4}, Variant{"tree_odd", make_tree_reducer, 3},
        Variant{"allreduce", make_allreduce_reducer, 4}}) {
    for (Index bytes = 1 << 10; bytes <= 256 << 20; bytes *= 4) {
      benchmark::RegisterBenchmark(variant.name,
                                   [&world, variant](benchmark::State& state) {
                                     exchange(state, world, variant.make, variant.leaves_per_rank);
                                   })
          ->Arg(bytes)
          ->Iterations(std::clamp<Index>((256 << 20) / bytes, 5, 1000))
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

class SilentReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}
};

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  const auto world = hourglass::Communicator::world();
  std::vector<char*> arguments(argv, argv + argc);
  if (!world.is_root()) {
    // All ranks would write the one file.
    std::erase_if(arguments, [](const char* text) {
      return std::string_view(text).starts_with("--benchmark_out");
    });
  }
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 64;
  benchmark::AddCustomContext("ranks", std::to_string(world.size()));
  benchmark::AddCustomContext("mpi", hourglass::Environment::library_version());
  hourglass::register_benchmarks(world);
  hourglass::SilentReporter silent;
  if (world.is_root()) {
    benchmark::RunSpecifiedBenchmarks();
  } else {
    benchmark::RunSpecifiedBenchmarks(&silent);
  }
  benchmark::Shutdown();
  return 0;
}
