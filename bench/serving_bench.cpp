// The latency of a model that is served (run/serving_model.hpp): a call with a few samples of
// 784-256-30, from one thread and from several at once.
//
//   build/release/bench/serving_bench
//
// Arguments: samples of a call. The time is that of a call.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "hourglass/comm/environment.hpp"
#include "nn/initializer.hpp"
#include "run/serving_model.hpp"

namespace hourglass {
namespace {

std::unique_ptr<ServingModel> served;

std::unique_ptr<ServingModel> made_model() {
  TrainConfig config;
  apply_text("layers = 784,256,30\nactivation = relu\n", "serving_bench", config);
  const Autoencoder network(config.model);
  Buffer<float> parameters(network.layout().size());
  initialize(network.layout(), network.roles(), config.initialization, 1, parameters.span());
  StateHeader header;
  header.configuration = to_text(config);
  InputTransform transform;
  transform.divisor = 255;
  store_transform(transform, header);
  const StoredArena arena{
      "/model", stored_tensors(network.layout()), {{0, parameters.size()}}, {parameters.data()}};
  const std::string path = std::filesystem::temp_directory_path() /
                           ("serving_bench_" + std::to_string(getpid()) + ".h5");
  write_state_file(Communicator::self(), path, header, std::span(&arena, 1));
  auto model = std::make_unique<ServingModel>(path);
  std::filesystem::remove(path);
  return model;
}

void encode(benchmark::State& state) {
  const auto rows = static_cast<Index>(state.range(0));
  std::vector<float> samples(static_cast<std::size_t>(rows * served->features()), 100.0F);
  std::vector<float> codes(static_cast<std::size_t>(rows * served->code_size()));
  for (auto _ : state) served->encode(ElementType::f32, samples.data(), rows, codes.data());
}

void reconstruct(benchmark::State& state) {
  const auto rows = static_cast<Index>(state.range(0));
  std::vector<float> samples(static_cast<std::size_t>(rows * served->features()), 100.0F);
  std::vector<float> outputs(static_cast<std::size_t>(rows * served->outputs()));
  for (auto _ : state) served->reconstruct(ElementType::f32, samples.data(), rows, outputs.data());
}

BENCHMARK(encode)->Arg(1)->Arg(4)->Arg(16)->Arg(64)->Arg(128)->Unit(benchmark::kMicrosecond);
BENCHMARK(encode)->Arg(1)->Threads(2)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(reconstruct)->Arg(1)->Arg(128)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  const hourglass::Environment environment(argc, argv);
  benchmark::Initialize(&argc, argv);
  hourglass::served = hourglass::made_model();
  benchmark::AddCustomContext("ways", hourglass::served->has_row_path() ? "rows" : "micro-batches");
  benchmark::RunSpecifiedBenchmarks();
  hourglass::served.reset();
  return 0;
}
