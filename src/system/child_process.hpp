#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

/// The exit code with which a launcher says that it found no program, as a shell does.
inline constexpr int not_started = 127;

/// How a program that was started ended.
struct ChildExit {
  int code = 0;          ///< its exit code, or 128 + the signal that ended it
  bool stopped = false;  ///< this process was asked to stop meanwhile and passed it on
};

/// Runs words[0] (looked up in PATH) with its arguments, no shell in between, its output appended
/// to the file `log`, its input empty, and waits. A stop signal that StopSignal has received goes
/// on to it as SIGUSR1, once; so does the death of this process. The child keeps the file
/// descriptor `lock` open: a lock of the kernel's on it lasts until both have ended. Throws
/// Error(io) when the program cannot be started.
[[nodiscard]] ChildExit run_child(const std::vector<std::string>& words, const std::string& log,
                                  int lock);

/// Runs a program as run_child does, but hands each complete line of its standard output to `line`;
/// standard error goes where ours goes. Being asked to stop and the death of this process go on to
/// it as SIGTERM. Returns its exit code, 128 + n after signal n. Throws Error(usage) when the
/// program cannot be started.
int run_job(const std::vector<std::string>& words, int lock,
            const std::function<void(const std::string&)>& line);

/// The kind of error that a job's exit code stands for: one of this program's own codes, io when
/// the launcher found no program, and otherwise rank: a code that is not the program's means that a
/// rank was killed or its node was lost, or that the launcher failed.
[[nodiscard]] ErrorKind kind_of_failure(int code);

/// Throws Error(usage) when `command`, which starts processes itself, was started by mpirun or
/// srun.
void refuse_launcher(const std::string& command);

/// This program's own file.
[[nodiscard]] std::string own_path();

}  // namespace hourglass
