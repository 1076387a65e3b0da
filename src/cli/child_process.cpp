#include "child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "hourglass/core/error.hpp"
#include "hourglass/train/stop_signal.hpp"

namespace hourglass {

namespace {

// In the child, between fork and exec: calls that are safe there, and no others.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  // A group of its own: Ctrl-C reaches the parent alone, which passes it on.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
  if (::getppid() != parent) ::_exit(not_started);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) ::_exit(not_started);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) ::signal(number, SIG_DFL);
  ::execvp(arguments[0], arguments);
  static constexpr char message[] = "hourglass: cannot start the program; is it in PATH?\n";
  static_cast<void>(!::write(2, message, sizeof message - 1));
  ::_exit(not_started);
}

}  // namespace

ChildExit run_child(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", log, std::strerror(errno)));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), file, parent);
  const int failure = errno;
  ::close(file);
  if (child < 0) throw Error(ErrorKind::io, fmt::format("cannot start {}: {}", words.front(), std::strerror(failure)));
  ChildExit result;
  int status = 0;
  // Waiting by looking: a signal that arrives between a look at the flag and a blocking wait would be lost.
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR)
      throw Error(ErrorKind::bug, fmt::format("internal error: waitpid: {}", std::strerror(errno)));
    if (!result.stopped && StopSignal::received() != 0) {
      ::kill(child, SIGUSR1);
      result.stopped = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  result.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

std::string own_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "hourglass" : path.string();
}

}  // namespace hourglass
