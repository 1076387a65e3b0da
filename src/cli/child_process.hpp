#pragma once

#include <string>
#include <vector>

namespace hourglass {

/// How a program that was started ended.
struct ChildExit {
  int code = 0;          ///< its exit code, or 128 + the signal that ended it
  bool stopped = false;  ///< this process was asked to stop meanwhile and passed it on
};

/// The exit code of a program that could not be started, as a shell gives it.
inline constexpr int not_started = 127;

/// Runs words[0] (looked up in PATH) with its arguments, no shell in between, its output appended to the file `log`, its input
/// empty, and waits. A stop signal that StopSignal has received goes on to it as SIGUSR1, once; so does the death of this
/// process. Throws Error(io) when it cannot be started.
[[nodiscard]] ChildExit run_child(const std::vector<std::string>& words, const std::string& log);

/// This program's own file.
[[nodiscard]] std::string own_path();

}  // namespace hourglass
