#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A data cache on the way from a hardware thread to memory.
struct Cache {
  Index level = 0;
  Index bytes = 0;
  Index cores = 0;  ///< that share it
};

/// The machine that a process runs on, as far as it can be examined without MPI.
struct Machine {
  std::string host;
  std::string processor = "unknown";         ///< its name
  std::vector<std::string> vectors;          ///< supported: avx2, fma, avx512f, ...
  std::vector<std::string> missing_vectors;  ///< compiled for, but not supported
  std::vector<int> allowed;                  ///< hardware threads that this process may run on
  Index hardware_threads = 0;                ///< of the whole node
  Index cores = 0;                           ///< of the whole node; 0: not known
  Index numa_nodes = 0;                      ///< 0: not known
  std::vector<Cache> caches;                 ///< of the first hardware thread, innermost first
  Index memory = 0;                          ///< bytes, of the node
  Index memory_limit = 0;  ///< bytes, of the control group (a batch system's allocation); 0: none
  Index open_files = 0;    ///< limit
};
/// Takes some milliseconds, more on nodes with many hardware threads.
[[nodiscard]] Machine examine_machine();

/// The hardware threads that this process may run on, in order; empty where the system does not
/// tell. Takes microseconds.
[[nodiscard]] std::vector<int> allowed_hardware_threads();

/// The node's memory or the control group's limit, whichever is smaller, in bytes.
[[nodiscard]] Index usable_memory();

/// The file system that a folder lies on.
struct FileSystem {
  std::string kind;  ///< "ext4", "nfs", "lustre", ...
  Index free_bytes = 0;
  bool shared = false;       ///< seen by other nodes
  bool in_memory = false;    ///< gone after a restart
  double write_seconds = 0;  ///< of 16 MiB, written and synced
  std::string problem;       ///< why nothing can be written; "" when it can
};
[[nodiscard]] FileSystem examine_folder(const std::string& folder);

/// Ascending numbers as ranges: "0-3,8".
[[nodiscard]] std::string ranges_of(const std::vector<int>& numbers);

}  // namespace hourglass
