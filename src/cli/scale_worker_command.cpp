// One measurement of `hourglass scale`: started by it under mpirun or srun, prints its results as
// JSON lines.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/command.hpp"
#include "cli/revision.hpp"
#include "cli/train_arguments.hpp"
#include "comm/network_sweep.hpp"
#include "core/median.hpp"
#include "core/random.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "model/autoencoder.hpp"
#include "report/scaling_results.hpp"
#include "run/version.hpp"
#include "system/machine.hpp"
#include "train/consistency.hpp"
#include "train/trainer.hpp"

namespace hourglass {
namespace {

// A folder of rank 0's that goes with the process.
class ScratchFolder {
 public:
  explicit ScratchFolder(const Communicator& world) {
    collectively(world, [&] {
      if (!world.is_root()) return;
      std::string pattern =
          (std::filesystem::temp_directory_path() / "hourglass-scale-XXXXXX").string();
      if (mkdtemp(pattern.data()) == nullptr) {
        throw Error(ErrorKind::io, fmt::format("cannot create a folder in {}: set TMPDIR",
                                               std::filesystem::temp_directory_path().string()));
      }
      path_ = pattern;
    });
    path_ = world.broadcast(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Noise, as bytes: arithmetic takes as long on it as on images. A file of each node, so that no
// shared folder is needed; the rows are read into memory before the first step.
std::string make_samples(const Communicator& world, const std::string& folder, Index rows,
                         Index features) {
  const std::string path = folder + "/samples.h5";
  const Communicator node = world.node();
  collectively(world, [&] {
    if (!node.is_root() || (!world.is_root() && std::filesystem::exists(path))) return;
    std::filesystem::create_directories(folder);
    DatasetWriter writer(Communicator::self(), path,
                         {{"/samples", {rows, features}, ElementType::u8, 0, 0, {}}});
    const CounterRandom random(1, Purpose::generation);
    std::vector<std::byte> row(static_cast<std::size_t>(features));
    for (Index r = 0; r < rows; ++r) {
      for (Index f = 0; f < features; f += 16) {
        const auto words =
            random.bits(static_cast<std::uint64_t>(r), 0, static_cast<std::uint32_t>(f / 16));
        for (Index i = 0; i < std::min<Index>(16, features - f); ++i) {
          row[static_cast<std::size_t>(f + i)] =
              static_cast<std::byte>(words[static_cast<std::size_t>(i / 4)] >> (8 * (i % 4)) & 255);
        }
      }
      writer.write_rows(0, {r, r + 1}, row);
    }
    writer.commit();
  });
  return path + ":/samples";
}

// The distinct ones of all ranks, in order of rank; long lists are cut.
std::vector<std::string> distinct(const std::vector<std::string>& texts) {
  std::vector<std::string> result;
  for (const std::string& text : texts) {
    if (std::ranges::find(result, text) == result.end()) result.push_back(text);
  }
  return result;
}

std::string listed(std::vector<std::string> texts) {
  texts = distinct(texts);
  const std::size_t shown = std::min<std::size_t>(texts.size(), 16);
  return fmt::format(
      "{}{}", fmt::join(texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(shown), "; "),
      texts.size() > shown ? "; ..." : "");
}

PhaseSeconds over_ranks(const Communicator& world, double seconds) {
  // A sum of doubles over ranks is not offered, and texts are few.
  double total = 0;
  for (const std::string& text : world.all_gather(fmt::format("{:.17g}", seconds)))
    total += std::stod(text);
  return {world.max(seconds), total / world.size()};
}

void describe(const Communicator& world, ScalingRepetition& repetition) {
  const Machine machine = examine_machine();
  const std::vector<std::string> hosts = world.all_gather(machine.host);
  repetition.hosts = distinct(hosts);
  const Communicator node = world.node();
  const Index cores = machine.hardware_threads;
  // Hosts made of network namespaces share a machine and do not know of each other: theirs is the
  // launcher's to know.
  repetition.oversubscribed =
      world.max(Index{node.size() * repetition.threads > cores ? 1 : 0}) > 0;
  auto& texts = repetition.texts;
  texts["affinity"] = listed(world.all_gather(ranges_of(machine.allowed)));
  texts["processor"] = listed(world.all_gather(machine.processor));
  texts["cores"] = listed(world.all_gather(std::to_string(cores)));
  texts["blas"] = blas_version();
  texts["blas_core"] = listed(world.all_gather(blas_core()));
  texts["mpi"] = Environment::library_version();
  texts["program"] = version();
  texts["revision"] = revision();
  texts["build"] = build_description();
}

// The phases of a step in a results file; the parts of `compute` are included separately.
double compute_of(const StepTimes& step) {
  return step.of(Phase::forward) + step.of(Phase::loss) + step.of(Phase::backward) +
         step.of(Phase::tree_sum);
}
// Messages of whole matrices and of weights are communication, directions are part of the update.
double exchange_of(const StepTimes& step) {
  return step.of(Phase::exchange) + step.of(Phase::directions) + step.of(Phase::outer_step);
}
double update_of(const StepTimes& step) {
  return step.of(Phase::update) + step.of(Phase::statistics) + step.of(Phase::roots) +
         step.of(Phase::precondition);
}
using StepPhase = std::pair<const char*, double (*)(const StepTimes&)>;
constexpr StepPhase step_phases[] = {
    {"input", [](const StepTimes& s) { return s.of(Phase::input); }},
    {"forward", [](const StepTimes& s) { return s.of(Phase::forward); }},
    {"loss", [](const StepTimes& s) { return s.of(Phase::loss); }},
    {"backward", [](const StepTimes& s) { return s.of(Phase::backward); }},
    {"tree_sum", [](const StepTimes& s) { return s.of(Phase::tree_sum); }},
    {"compute", compute_of},
    {"exchange", exchange_of},
    {"update", update_of},
};

ScalingRepetition measure(const Communicator& world, const TrainConfig& config, Index warm_up,
                          Index steps, std::vector<double>& slowest, Index& arena_floats) {
  Trainer trainer(world, config);
  static_cast<void>(trainer.run_steps(warm_up));
  const std::vector<StepTimes> times = trainer.run_steps(steps);
  for (const StepTimes& step : times) slowest.push_back(world.max(step.total));
  ScalingRepetition repetition;
  repetition.point = {world.size(), config.reduction == Reduction::tree ? "tree" : "allreduce",
                      config.micro_batch, config.batch};
  repetition.step_seconds = median_of(slowest);
  repetition.samples_per_second = static_cast<double>(config.batch) / repetition.step_seconds;
  std::map<std::string, double> own;  // this rank's medians over steps
  for (const auto& [name, seconds_of] : step_phases) {
    std::vector<double> seconds;
    for (const StepTimes& step : times) seconds.push_back(seconds_of(step));
    own[name] = median_of(std::move(seconds));
    repetition.phases[name] = over_ranks(world, own[name]);
  }
  // The remainder of a step: agreement on flags, waiting for other threads and for slower
  // ranks.
  double told = 0;
  for (const auto& [name, seconds_of] : step_phases)
    told += seconds_of == compute_of ? 0 : own[name];
  repetition.phases["other"] = over_ranks(world, std::max(0.0, repetition.step_seconds - told));
  const PhaseSeconds& busy = repetition.phases["compute"];
  repetition.imbalance = busy.mean > 0 ? busy.max / busy.mean - 1 : 0;
  repetition.shards = config.shards();
  repetition.threads = config.threads;
  arena_floats = Autoencoder(config.model).layout().size();
  repetition.arena_bytes = arena_floats * 4;
  repetition.buckets = static_cast<Index>(make_buckets(arena_floats, config.bucket_bytes).size());
  return repetition;
}

void run_scale_worker(const Arguments& arguments) {
  const auto world = Communicator::world();
  TrainConfig config;
  Index steps = 0;
  Index warm_up = 0;
  collectively(world, [&] {
    config = new_run(parse_arguments(train_options(), arguments.positional, 0));
    steps = arguments.integer("steps", 20, 1);
    warm_up = arguments.integer("warm-up", 5, 0);
  });
  const ScratchFolder scratch(world);
  config.output = scratch.path() + "/run";
  if (config.data.empty()) {
    collectively(world, [&] {
      if (config.model.encoder.empty()) throw Error(ErrorKind::usage, "--layers is missing");
    });
    config.data =
        make_samples(world, scratch.path(), 2 * config.batch, config.model.encoder.front().units);
  }
  collectively(world, [&] { validate(config); });
  check_same_everywhere(world, config);
  std::vector<double> slowest;
  Index arena_floats = 0;
  ScalingRepetition repetition = measure(world, config, warm_up, steps, slowest, arena_floats);
  describe(world, repetition);
  if (world.is_root()) fmt::print("{}\n", repetition_line(repetition, slowest));
  if (arguments.flag("network")) {
    constexpr Index largest = Index{16} << 20;
    ScalingNetwork network;
    network.ranks = world.size();
    network.allreduce = sweep_allreduce(world, largest);
    network.point_to_point = sweep_point_to_point(world, largest);
    for (const bool tree : {true, false}) {
      network.exchange[tree ? "tree" : "allreduce"] =
          measure_exchange(world, arena_floats, config.bucket_bytes, config.shards(), tree);
    }
    if (world.is_root()) fmt::print("{}\n", network_line(network));
  }
  std::fflush(stdout);
}

}  // namespace

Command scale_worker_command() {
  return {"scale-worker",
          "Run one measurement of hourglass scale",
          "mpirun -n RANKS hourglass scale-worker --steps 20 --warm-up 5 -- TRAIN OPTIONS",
          "",
          {{"steps", "measurement", "Measured steps", "20", false},
           {"warm-up", "measurement", "Warm-up steps per job", "5", false},
           {"network", "measurement", "Also measure the network", "", true}},
          100000,
          true,
          run_scale_worker,
          true};
}

}  // namespace hourglass
