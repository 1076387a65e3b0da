#include "system/machine.hpp"

#include <fcntl.h>
#include <hwloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "core/timer.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

// Instruction sets that the compiler was allowed to use: a processor without one of them ends the
// program with "Illegal instruction".
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

void read_vectors(Machine& machine) {
#ifdef __x86_64__
  const auto add = [&](const char* name, bool supported) {
    if (supported) machine.vectors.emplace_back(name);
  };
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512_bf16", __builtin_cpu_supports("avx512bf16"));
#ifndef __clang__  // clang 14 does not know the name
  add("amx_tile", __builtin_cpu_supports("amx-tile"));
#endif
  for (const std::string& name : compiled_for()) {
    if (std::ranges::find(machine.vectors, name) == machine.vectors.end())
      machine.missing_vectors.push_back(name);
  }
#endif
}

// Processor, cores, caches and NUMA nodes of the whole node, including those that a batch system
// gave to others.
void read_topology(Machine& machine) {
  hwloc_topology_t handle = nullptr;
  if (hwloc_topology_init(&handle) != 0) return;
  const std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)> topology(
      handle, hwloc_topology_destroy);
  hwloc_topology_set_flags(handle, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  if (hwloc_topology_load(handle) != 0) return;
  const auto count = [&](hwloc_obj_type_t type) {
    return std::max<Index>(0, hwloc_get_nbobjs_by_type(handle, type));
  };
  machine.cores = count(HWLOC_OBJ_CORE);
  machine.numa_nodes = count(HWLOC_OBJ_NUMANODE);
  for (hwloc_obj_t part = hwloc_get_obj_by_type(handle, HWLOC_OBJ_PU, 0); part != nullptr;
       part = part->parent) {
    if (const char* model = hwloc_obj_get_info_by_name(part, "CPUModel")) machine.processor = model;
    if (hwloc_obj_type_is_dcache(part->type) == 0) continue;
    const Index sharing =
        hwloc_get_nbobjs_inside_cpuset_by_type(handle, part->cpuset, HWLOC_OBJ_CORE);
    machine.caches.push_back({static_cast<Index>(part->attr->cache.depth),
                              static_cast<Index>(part->attr->cache.size), sharing});
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

std::vector<int> allowed_hardware_threads() {
  std::vector<int> allowed;
  // The system refuses a mask that is too short for its hardware threads.
  for (std::size_t sets = 1; sets <= 64 && allowed.empty(); sets *= 2) {
    std::vector<cpu_set_t> mask(sets);
    const std::size_t bytes = sets * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) != 0) continue;
    for (std::size_t thread = 0; thread < 8 * bytes; ++thread) {
      if (CPU_ISSET_S(thread, bytes, mask.data())) allowed.push_back(static_cast<int>(thread));
    }
  }
  return allowed;
}

Index usable_memory() {
  Index bytes = static_cast<Index>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const Index limit = first_number(path);
    if (limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

Machine examine_machine() {
  Machine machine;
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) machine.host = name.data();
  read_vectors(machine);
  read_topology(machine);
  machine.allowed = allowed_hardware_threads();
  machine.hardware_threads = sysconf(_SC_NPROCESSORS_ONLN);
  machine.memory = static_cast<Index>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const Index usable = usable_memory();
  if (usable < machine.memory) machine.memory_limit = usable;
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
