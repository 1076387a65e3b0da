#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "comm/separate_copies.hpp"
#include "config/settings.hpp"
#include "core/buffer.hpp"
#include "core/timer.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "run/version.hpp"
#include "system/machine.hpp"
#include "train/placement.hpp"

namespace hourglass {
namespace {

/// The findings, in lines of two columns, and the advice that follows from them.
class Report {
 public:
  void add(const std::string& topic, const std::string& text) { lines_.emplace_back(topic, text); }
  void advise(const std::string& text) { advice_.push_back(text); }

  void print() const {
    for (const auto& [topic, text] : lines_) fmt::print("{:<12}{}\n", topic, text);
    fmt::print("\n");
    for (const std::string& text : advice_) fmt::print("advice: {}\n", text);
    if (advice_.empty()) fmt::print("no advice\n");
  }
  void print_json() const {
    nlohmann::ordered_json json;
    for (const auto& [topic, text] : lines_) json[topic] = text;
    json["advice"] = advice_;
    fmt::print("{}\n", json.dump());
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
  std::vector<std::string> advice_;
};

// "L1 32 KiB, L2 1 MiB, L3 32 MiB for 8 cores"
std::string caches_text(const std::vector<Cache>& caches) {
  std::string text;
  for (const Cache& cache : caches) {
    const bool large = cache.bytes >= (Index{1} << 20);
    text += fmt::format("{}L{} {:g} {}", text.empty() ? "" : ", ", cache.level,
                        static_cast<double>(cache.bytes) / (large ? 1 << 20 : 1 << 10),
                        large ? "MiB" : "KiB");
    if (cache.cores > 1) text += fmt::format(" for {} cores", cache.cores);
  }
  return text;
}

void report_processor(const Machine& machine, Report& report) {
  report.add("processor",
             fmt::format("{}; {} hardware threads{}", machine.processor, machine.hardware_threads,
                         machine.cores > 0 ? fmt::format(" on {} cores", machine.cores) : ""));
  report.add("vectors", machine.vectors.empty()
                            ? "no avx2, fma or avx512f"
                            : fmt::format("{}", fmt::join(machine.vectors, " ")));
  if (!machine.caches.empty()) report.add("caches", caches_text(machine.caches));
  report.add("BLAS", fmt::format("{}, kernel {}", blas_version(), blas_core()));
  if (!machine.missing_vectors.empty()) {
    report.advise(
        fmt::format("this program was compiled for {}, which {} does not support: build with e.g. "
                    "-DHOURGLASS_ARCH=x86-64-v2",
                    fmt::join(machine.missing_vectors, ", "), machine.host));
  }
  if (const std::string better = better_blas_core(); !better.empty()) {
    report.advise(fmt::format(
        "OpenBLAS uses its {} kernel, a slow one for this processor: unset OPENBLAS_CORETYPE, or "
        "set OPENBLAS_CORETYPE={}",
        blas_core(), better));
  }
  const Index memory = machine.memory_limit > 0 ? machine.memory_limit : machine.memory;
  report.add("memory",
             fmt::format(
                 "{:.1f} GiB{}{}", static_cast<double>(memory) / (Index{1} << 30),
                 machine.memory_limit > 0 ? ", limited by the control group" : "",
                 machine.numa_nodes > 1 ? fmt::format("; {} NUMA nodes", machine.numa_nodes) : ""));
  if (machine.open_files > 0 && machine.open_files < 1024)
    report.advise(
        fmt::format("only {} open files are allowed: ulimit -n 4096", machine.open_files));
}

// Every rank's node and hardware threads, on every rank.
void report_placement(const Communicator& world, const Machine& machine, Report& report) {
  const auto hosts = world.all_gather(machine.host);
  const auto places = world.all_gather(ranges_of(machine.allowed));
  const auto counts = world.all_gather(std::to_string(machine.allowed.size()));
  const auto cores = world.all_gather(blas_core());
  const auto versions = world.all_gather(version() + build_description());
  std::map<std::string, std::vector<std::size_t>> nodes;
  for (std::size_t r = 0; r < hosts.size(); ++r) nodes[hosts[r]].push_back(r);
  report.add("ranks", fmt::format("{} on {} node{}: {}", hosts.size(), nodes.size(),
                                  nodes.size() > 1 ? "s" : "", [&] {
                                    std::string text;
                                    for (const auto& [host, ranks] : nodes)
                                      text += fmt::format("{}{} ({})", text.empty() ? "" : ", ",
                                                          host, ranks.size());
                                    return text;
                                  }()));
  constexpr std::size_t shown = 8;
  for (std::size_t r = 0; r < std::min(shown, places.size()); ++r)
    report.add(fmt::format("rank {}", r),
               fmt::format("{}, hardware threads {}", hosts[r], places[r]));
  for (const auto& [host, ranks] : nodes) {
    std::map<std::string, int> users;
    for (const std::size_t r : ranks) ++users[places[r]];
    const auto allowed = static_cast<std::size_t>(std::stoll(counts[ranks.front()]));
    if (users.size() < ranks.size() && allowed < ranks.size()) {
      if (yields_when_idle()) continue;
      report.advise(fmt::format(
          "{} ranks on {} share {} hardware threads: start at most {} ranks per node, or "
          "pass --mca mpi_yield_when_idle 1 to mpirun",
          ranks.size(), host, allowed, allowed));
    } else if (users.size() == 1 && ranks.size() > 1) {
      report.advise(
          fmt::format("the ranks on {} are not pinned: use mpirun --map-by core --bind-to core to "
                      "give each its own core (with --threads T: --map-by slot:PE=T)",
                      host));
    }
  }
  if (std::ranges::any_of(cores, [&](const auto& core) { return core != cores.front(); })) {
    report.advise(
        "ranks use different BLAS kernels, which train does not allow: set OPENBLAS_CORETYPE to "
        "the oldest of them on every node, e.g. Haswell");
  }
  if (std::ranges::any_of(versions, [&](const auto& text) { return text != versions.front(); })) {
    report.advise(
        "ranks run different versions or libraries: install the same program on every node");
  }
}

/// Seconds of a message of `count` floats from rank 0 to `other` and back, the best of a few.
double ping(const Communicator& world, int other, Index count) {
  constexpr int tag = 7;
  Buffer<float> out(count);
  Buffer<float> in(count);
  double best = 1e9;
  for (int repeat = 0; repeat < 5; ++repeat) {
    for (Index i = 0; i < count; ++i) out[i] = static_cast<float>(i % 1000 + repeat);
    const Timer timer;
    if (world.rank() == 0) {
      world.send(out.span(), other, tag).wait();
      world.receive(in.span(), other, tag).wait();
      best = std::min(best, timer.seconds());
      if (!std::equal(in.span().begin(), in.span().end(), out.span().begin())) {
        throw Error(
            ErrorKind::io,
            fmt::format(
                "a message to rank {} was returned corrupted: the network or its driver is faulty",
                other));
      }
    } else if (world.rank() == other) {
      world.receive(in.span(), 0, tag).wait();
      world.send(in.span(), 0, tag).wait();
    }
  }
  return best;
}

void report_network(const Communicator& world, Report& report) {
  report.add("MPI", Environment::library_version());
  if (world.size() == 1) {
    const std::string problem = separate_copies(world.size(), std::getenv);
    if (!problem.empty()) report.advise(problem);
    report.add("network", "not tested with one rank; use mpirun -n 2 hourglass doctor");
    return;
  }
  constexpr Index large = Index{1} << 20;  // floats
  std::int64_t sum = world.rank() + 1;
  world.sum(std::span(&sum, 1));
  const std::int64_t ranks = world.size();
  if (sum != ranks * (ranks + 1) / 2)
    throw Error(ErrorKind::io,
                "a sum over all ranks is wrong: the network or the MPI library is faulty",
                Reach::everywhere);
  double latency = 0;
  double bandwidth = 1e30;
  constexpr int most = 32;
  for (int other = 1; other < std::min(world.size(), most); ++other) {
    const double one_way = ping(world, other, 1) / 2;
    const double rate =
        static_cast<double>(large) * sizeof(float) / (ping(world, other, large) / 2);
    latency = std::max(latency, one_way);
    bandwidth = std::min(bandwidth, rate);
  }
  report.add("network",
             fmt::format("sums are correct; worst from rank 0: {:.1f} us latency, {:.2f} GB/s",
                         latency * 1e6, bandwidth / 1e9));
  if (latency > 1e-3)
    report.advise(
        "latency is above one millisecond: ranks share cores, or the network is slow; a larger "
        "--batch needs fewer exchanges");
  if (bandwidth < 1e8)
    report.advise(
        "less than 0.1 GB/s between ranks: check which interface is used, e.g. --mca "
        "btl_tcp_if_include eth0");
}

void report_storage(const std::string& folder, Report& report, bool several_nodes) {
  const FileSystem system = examine_folder(folder);
  if (!system.problem.empty()) {
    report.add("folder", fmt::format("{}: {}", folder, system.problem));
    report.advise(fmt::format("cannot write to {}: choose another folder for --output", folder));
    return;
  }
  report.add("folder",
             fmt::format("{}: {}, {:.1f} GiB free, 16 MiB written and synced in {:.2f} s", folder,
                         system.kind, static_cast<double>(system.free_bytes) / (Index{1} << 30),
                         system.write_seconds));
  if (several_nodes && !system.shared)
    report.advise(fmt::format(
        "{} is on {}, which other nodes may not see: put data and --output on a shared file system",
        folder, system.kind));
  if (system.in_memory)
    report.advise(fmt::format("{} is in memory: checkpoints there are lost at a restart", folder));
  if (system.free_bytes < (Index{1} << 30))
    report.advise(fmt::format("less than 1 GiB is free in {}", folder));
  if (system.write_seconds > 2)
    report.advise("syncing is slow here: use a longer --checkpoint-every");
}

void run_doctor(const Arguments& arguments) {
  const auto world = Communicator::world();
  const Machine machine = examine_machine();
  Report report;
  report.add("program", version());
  report_processor(machine, report);
  report_network(world, report);
  report_placement(world, machine, report);
  report.add("HDF5", hdf5_version());
  const Index nodes = static_cast<Index>(world.size()) / std::max<Index>(1, world.node().size());
  if (!world.is_root()) return;
  report_storage(arguments.get("folder", "."), report, nodes > 1);
  arguments.flag("json") ? report.print_json() : report.print();
}

}  // namespace

Command doctor_command() {
  Command command = {
      "doctor",
      "Check this machine and job for training and give advice",
      "hourglass doctor [--folder FOLDER]      or: mpirun -n RANKS hourglass doctor",
      "Examines processor, BLAS, MPI, HDF5, memory, rank placement, network and file system.\n",
      {{"folder", "input", "Folder for future runs", ".", false},
       {"json", "output", "Print one JSON object", "", true},
       {"help", "output", "Show this text", "", true}},
      0,
      true,
      run_doctor};
  command.one_job = false;  // it is who says that there are several
  return command;
}

}  // namespace hourglass
