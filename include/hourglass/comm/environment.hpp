#pragma once

#include <string>

namespace hourglass {

/// MPI from start to end of the program: MPI_Init_thread(FUNNELED) and MPI_Finalize. Exactly one in
/// a process, in main. A program started without mpirun is a job of one rank.
class Environment {
 public:
  /// Takes MPI's own arguments off the command line. Throws Error(bug) when MPI does not start,
  /// Error(usage) when it offers no thread support.
  Environment(int& argc, char**& argv);
  /// Waits for all ranks of the job: after an error of one rank alone, abort() instead.
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Ends every rank of the job at once with this exit code: the last resort when ranks cannot
  /// agree any more.
  [[noreturn]] static void abort(int exit_code);
  /// E.g. "Open MPI 4.1.4". Valid before construction too.
  [[nodiscard]] static std::string library_version();
};

}  // namespace hourglass
