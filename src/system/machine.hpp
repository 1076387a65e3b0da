#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// What a process can learn of the machine that it runs on, without MPI.
struct Machine {
  std::string host;
  std::string processor;             ///< its name
  std::vector<std::string> vectors;  ///< instruction sets that matter here: avx2, fma, avx512f, ...
  std::vector<std::string>
      not_there;  ///< instruction sets that this program was compiled for and the processor lacks
  std::vector<int> allowed;    ///< hardware threads that this process may run on
  Index hardware_threads = 0;  ///< of the whole node
  Index cores = 0;             ///< 0: not known
  Index memory = 0;            ///< bytes, of the node
  Index memory_limit = 0;      ///< of the control group (a batch system's allocation); 0: none
  Index open_files = 0;        ///< limit
};
[[nodiscard]] Machine examine_machine();

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

/// "0-3,8": numbers in order.
[[nodiscard]] std::string ranges_of(const std::vector<int>& numbers);

}  // namespace hourglass
