#include "train/placement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

#include "system/machine.hpp"

namespace hourglass {

namespace {

struct Node {
  std::set<int> cpus;
  std::set<std::vector<int>> masks;
  Index workers = 0;
  Index ranks = 0;
};

}  // namespace

RankPlacement placement_here(Index threads) {
  RankPlacement placement;
  placement.threads = threads;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) placement.host = name.data();
  placement.cpus = allowed_hardware_threads();
  return placement;
}

std::vector<std::string> placement_advice(const std::vector<RankPlacement>& ranks) {
  std::map<std::string, Node> nodes;
  std::vector<std::string> advice;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const RankPlacement& rank = ranks[r];
    const auto cores = static_cast<Index>(rank.cpus.size());
    if (cores == 0) return {};  // the system does not tell
    Node& node = nodes[rank.host];
    node.cpus.insert(rank.cpus.begin(), rank.cpus.end());
    node.masks.insert(rank.cpus);
    node.workers += rank.threads;
    ++node.ranks;
    if (rank.threads > cores && advice.empty()) {
      advice.push_back(fmt::format(
          "advice: rank {} on {} may use {} core{} but has {} threads: use --threads {}, or bind "
          "wider with mpirun --map-by "
          "slot:PE={} (or --bind-to none)",
          r, rank.host, cores, cores == 1 ? "" : "s", rank.threads, cores, rank.threads));
    }
  }
  if (!advice.empty()) return advice;
  for (const auto& [host, node] : nodes) {
    const auto cores = static_cast<Index>(node.cpus.size());
    if (node.workers <= cores) continue;
    const auto online = static_cast<Index>(sysconf(_SC_NPROCESSORS_ONLN));
    const bool bound = node.masks.size() == 1 && node.ranks > 1 && node.workers <= online &&
                       ranks.front().host == host;
    if (bound) {
      advice.push_back(
          fmt::format("advice: {} ranks on {} are bound to the same {} core{}: start mpirun with "
                      "--bind-to core, or "
                      "--bind-to none",
                      node.ranks, host, cores, cores == 1 ? "" : "s"));
    } else {
      advice.push_back(
          fmt::format("advice: {} ranks on {} have {} workers for {} core{}: use fewer ranks or "
                      "--threads; ranks that "
                      "share cores also need mpirun --bind-to none --mca mpi_yield_when_idle 1",
                      node.ranks, host, node.workers, cores, cores == 1 ? "" : "s"));
    }
    break;  // other nodes are likely the same
  }
  return advice;
}

std::vector<RankPlacement> gather_placements(const Communicator& communicator,
                                             const RankPlacement& mine) {
  std::vector<RankPlacement> placements;
  for (const std::string& text : communicator.all_gather(
           fmt::format("{} {} {}", mine.host, mine.threads, fmt::join(mine.cpus, " ")))) {
    std::istringstream stream(text);
    RankPlacement& placement = placements.emplace_back();
    stream >> placement.host >> placement.threads;
    for (int cpu = 0; stream >> cpu;) placement.cpus.push_back(cpu);
  }
  return placements;
}

}  // namespace hourglass
