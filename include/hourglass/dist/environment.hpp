#pragma once

#include <string>

namespace hourglass {

/// MPI from start to end of the program: MPI_Init_thread(FUNNELED) and MPI_Finalize. Exactly one in a process, in main.
class Environment {
 public:
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Ends every rank of the job at once with this exit code: the last resort when ranks cannot agree any more.
  [[noreturn]] static void abort(int exit_code);
  /// E.g. "Open MPI 4.1.4". Valid before construction too.
  [[nodiscard]] static std::string library_version();
};

}  // namespace hourglass
