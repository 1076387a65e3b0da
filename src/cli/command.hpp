#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace hourglass {

/// A subcommand: what --help says of it, its options, and the function behind it.
struct Command {
  std::string name;
  std::string summary;  ///< one line
  std::string usage;    ///< e.g. "hourglass inspect FILE [--json]"
  std::string details;  ///< examples and notes below the options
  std::vector<Option> options;
  std::size_t max_positional = 0;
  bool uses_mpi = true;  ///< started by mpirun or alone; false: runs without MPI
  void (*run)(const Arguments& arguments) = nullptr;
  bool hidden = false;  ///< not in --help: started by another command
  /// Options of which a smaller value takes less memory: named when there is too little of it.
  std::vector<std::string> memory_options = {};
  /// With MPI: refuses to run as several jobs that a launcher started for one.
  bool one_job = true;
  bool ranks_share_memory = true;  ///< more of them take less each
};

// One file each.
[[nodiscard]] Command import_command();
[[nodiscard]] Command train_command();
[[nodiscard]] Command average_command();
[[nodiscard]] Command evaluate_command();
[[nodiscard]] Command encode_command();
[[nodiscard]] Command reconstruct_command();
[[nodiscard]] Command inspect_command();
[[nodiscard]] Command pca_command();
[[nodiscard]] Command generate_command();
[[nodiscard]] Command sample_command();
[[nodiscard]] Command report_command();
[[nodiscard]] Command show_command();
[[nodiscard]] Command compare_command();
[[nodiscard]] Command watch_command();
[[nodiscard]] Command score_command();
[[nodiscard]] Command export_command();
[[nodiscard]] Command doctor_command();
[[nodiscard]] Command man_command();
[[nodiscard]] Command completion_command();
[[nodiscard]] Command probe_command();
[[nodiscard]] Command sweep_command();
[[nodiscard]] Command scale_command();
[[nodiscard]] Command scale_worker_command();

}  // namespace hourglass
