#include "system/machine.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "core/timer.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

std::string value_of(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return "";
  const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
  return begin == std::string::npos ? "" : line.substr(begin);
}

// What the compiler was told it may use: a processor without it ends the program with "Illegal
// instruction".
std::vector<std::string> compiled_for() {
  std::vector<std::string> sets;
#ifdef __AVX2__
  sets.emplace_back("avx2");
#endif
#ifdef __FMA__
  sets.emplace_back("fma");
#endif
#ifdef __AVX512F__
  sets.emplace_back("avx512f");
#endif
  return sets;
}

void read_processor(Machine& machine) {
  std::ifstream stream("/proc/cpuinfo");
  std::set<std::pair<std::string, std::string>> cores;
  std::set<std::string> flags;
  std::string package;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("model name") && machine.processor.empty())
      machine.processor = value_of(line);
    if (line.starts_with("physical id")) package = value_of(line);
    if (line.starts_with("core id")) cores.emplace(package, value_of(line));
    if (!line.starts_with("flags") || !flags.empty()) continue;
    std::istringstream words(value_of(line));
    for (std::string word; words >> word;) flags.insert(word);
  }
  machine.cores = static_cast<Index>(cores.size());
  for (const char* name : {"avx2", "fma", "avx512f", "avx512_bf16", "amx_tile"}) {
    if (flags.contains(name)) machine.vectors.emplace_back(name);
  }
  if (flags.empty()) return;  // another architecture tells them elsewhere
  for (const std::string& name : compiled_for()) {
    if (!flags.contains(name)) machine.not_there.push_back(name);
  }
}

Index first_number(const char* path) {
  std::ifstream stream(path);
  Index value = 0;
  return stream >> value ? value : 0;  // "max" does not parse: no limit
}

struct Kind {
  unsigned long magic;
  const char* name;
  bool shared;
  bool in_memory;
};
// From the manual page of statfs(2) and the file systems' own sources.
constexpr std::array<Kind, 13> kinds = {{{0xEF53, "ext4", false, false},
                                         {0x58465342, "xfs", false, false},
                                         {0x9123683E, "btrfs", false, false},
                                         {0x2FC12FC1, "zfs", false, false},
                                         {0x794C7630, "overlay", false, false},
                                         {0x01021994, "tmpfs", false, true},
                                         {0x858458F6, "ramfs", false, true},
                                         {0x6969, "nfs", true, false},
                                         {0x0BD00BD0, "lustre", true, false},
                                         {0x47504653, "gpfs", true, false},
                                         {0x19830326, "beegfs", true, false},
                                         {0x00C36400, "ceph", true, false},
                                         {0x65735546, "fuse", false, false}}};

double time_write(const std::string& folder) {
  constexpr std::size_t bytes = std::size_t{16} << 20;
  const std::string content(bytes, 'x');
  const Timer timer;
  AtomicFile file(folder + "/hourglass-doctor");
  file.write(content);
  const int descriptor = open(file.temporary_path().c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) {
    static_cast<void>(fsync(descriptor));
    close(descriptor);
  }
  return timer.seconds();  // the file goes with the object, uncommitted
}

}  // namespace

Machine examine_machine() {
  Machine machine;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) machine.host = name.data();
  read_processor(machine);
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) machine.allowed.push_back(cpu);
    }
  }
  machine.hardware_threads = sysconf(_SC_NPROCESSORS_ONLN);
  machine.memory = static_cast<Index>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const Index limit = first_number(path);
    if (limit > 0 && limit < machine.memory) machine.memory_limit = limit;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    machine.open_files = static_cast<Index>(limit.rlim_cur);
  return machine;
}

FileSystem examine_folder(const std::string& folder) {
  FileSystem system;
  struct statfs status {};
  if (statfs(folder.c_str(), &status) != 0) {
    system.problem = "no such folder, or no permission";
    return system;
  }
  const auto magic = static_cast<unsigned long>(status.f_type) & 0xFFFFFFFFUL;
  const auto found = std::ranges::find(kinds, magic, &Kind::magic);
  char number[32];
  std::snprintf(number, sizeof(number), "type 0x%lx", magic);
  system.kind = found == kinds.end() ? number : found->name;
  system.shared = found != kinds.end() && found->shared;
  system.in_memory = found != kinds.end() && found->in_memory;
  system.free_bytes = static_cast<Index>(status.f_bavail) * static_cast<Index>(status.f_bsize);
  try {
    system.write_seconds = time_write(folder);
  } catch (const Error& error) {
    system.problem = error.what();
  }
  return system;
}

std::string ranges_of(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]) +
            (end > i ? "-" + std::to_string(numbers[end]) : "");
    i = end + 1;
  }
  return text;
}

}  // namespace hourglass
