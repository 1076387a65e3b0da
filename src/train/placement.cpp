#include "train/placement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "core/counted.hpp"
#include "system/machine.hpp"

namespace hourglass {

namespace {

struct Node {
  std::set<int> cpus;
  std::set<std::vector<int>> masks;
  Index workers = 0;
  Index threads = 0;  // of the rank that has most
  Index ranks = 0;
  Index online = 0;

  [[nodiscard]] Index cores() const { return static_cast<Index>(cpus.size()); }
  // Threads that each rank may have when all of them share the cores evenly.
  [[nodiscard]] Index share() const { return std::max<Index>(1, cores() / ranks); }
  // Whether a wider binding would give every worker a core of its own.
  [[nodiscard]] bool fits() const { return online == 0 || ranks * threads <= online; }
  // Settings that give every worker a core of its own within the present binding.
  [[nodiscard]] std::string smaller() const {
    std::string fewer_ranks =
        fmt::format("at most {} per node", counted(std::max<Index>(1, cores() / threads), "rank"));
    if (threads == 1 || cores() < ranks) return fewer_ranks;
    return fmt::format("--threads {}", share()) +
           (cores() < threads ? "" : fmt::format(", or {}", fewer_ranks));
  }
};

}  // namespace

RankPlacement placement_here(Index threads) {
  RankPlacement placement;
  placement.threads = threads;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) placement.host = name.data();
  placement.cpus = allowed_hardware_threads();
  placement.online = static_cast<Index>(sysconf(_SC_NPROCESSORS_ONLN));
  placement.yields = yields_when_idle();
  return placement;
}

bool yields_when_idle() {
  const char* const value = std::getenv("OMPI_MCA_mpi_yield_when_idle");
  return value != nullptr && std::string_view(value) == "1";
}

std::vector<std::string> placement_advice(const std::vector<RankPlacement>& ranks) {
  std::map<std::string, Node> nodes;
  for (const RankPlacement& rank : ranks) {
    if (rank.cpus.empty() || rank.yields) return {};  // the system does not tell, or it is intended
    Node& node = nodes[rank.host];
    node.cpus.insert(rank.cpus.begin(), rank.cpus.end());
    node.masks.insert(rank.cpus);
    node.workers += rank.threads;
    node.threads = std::max(node.threads, rank.threads);
    node.online = rank.online;
    ++node.ranks;
  }
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const RankPlacement& rank = ranks[r];
    const Node& node = nodes.at(rank.host);
    const auto cores = static_cast<Index>(rank.cpus.size());
    if (rank.threads <= cores) continue;
    return {fmt::format("advice: rank {} on {} may use {} but has {} threads: use --threads {}{}",
                        r, rank.host, counted(cores, "core"), rank.threads,
                        std::min(cores, node.share()),
                        node.fits() ? fmt::format(", or bind more cores: mpirun --map-by "
                                                  "slot:PE={}, or mpirun --bind-to none",
                                                  rank.threads)
                                    : "")};
  }
  for (const auto& [host, node] : nodes) {
    if (node.workers <= node.cores()) continue;
    if (node.masks.size() == 1 && node.ranks > 1 && node.fits()) {
      return {fmt::format(
          "advice: {} ranks on {} are bound to the same {}: use mpirun {}, or "
          "mpirun --bind-to none",
          node.ranks, host, counted(node.cores(), "core"),
          node.threads == 1 ? "--bind-to core" : fmt::format("--map-by slot:PE={}", node.threads))};
    }
    // Other nodes are likely the same.
    return {
        fmt::format("advice: {} on {} have {} workers for {}: use {}, or let ranks that share "
                    "cores yield: mpirun --bind-to none --mca mpi_yield_when_idle 1",
                    counted(node.ranks, "rank"), host, node.workers, counted(node.cores(), "core"),
                    node.smaller())};
  }
  return {};
}

std::vector<RankPlacement> gather_placements(const Communicator& communicator,
                                             const RankPlacement& mine) {
  std::vector<RankPlacement> placements;
  for (const std::string& text :
       communicator.all_gather(fmt::format("{} {} {} {:d} {}", mine.host, mine.threads, mine.online,
                                           mine.yields, fmt::join(mine.cpus, " ")))) {
    std::istringstream stream(text);
    RankPlacement& placement = placements.emplace_back();
    stream >> placement.host >> placement.threads >> placement.online >> placement.yields;
    for (int cpu = 0; stream >> cpu;) placement.cpus.push_back(cpu);
  }
  return placements;
}

}  // namespace hourglass
