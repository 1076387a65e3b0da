#include "system/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "core/exit_codes.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ErrorKind::io, fmt::format("cannot create a pipe: {}", std::strerror(errno)));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Where a child's output goes, which descriptor it keeps besides, and which signal asks it to stop.
struct ChildSetup {
  int output;
  int errors;
  int kept;
  int stop;
};

// In the child, between fork and exec: calls that are safe there, and no others.
void become(char* const* arguments, const ChildSetup& setup, pid_t parent) {
  // A group of its own: Ctrl-C reaches the parent alone, which passes it on.
  ::setpgid(0, 0);
  // The parent's death is signalled to the child, whatever its cause.
  ::prctl(PR_SET_PDEATHSIG, setup.stop);
  if (::getppid() != parent) ::_exit(not_started);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(setup.output, 1) < 0 ||
      ::dup2(setup.errors, 2) < 0)
    return;
  if (::fcntl(setup.kept, F_SETFD, 0) != 0) return;
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) ::signal(number, SIG_DFL);
  ::execvp(arguments[0], arguments);
}

pid_t start(const std::vector<std::string>& words, const ChildSetup& setup) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  // If exec fails, the child sends errno through a pipe, which a successful exec closes.
  Pipe failure = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    become(arguments.data(), setup, parent);
    const int reason = errno;
    static_cast<void>(!::write(failure.writer.get(), &reason, sizeof reason));
    ::_exit(not_started);
  }
  int reason = errno;
  failure.writer.close();
  ssize_t count = -1;
  while (child > 0 && (count = ::read(failure.reader.get(), &reason, sizeof reason)) < 0 &&
         errno == EINTR) {
  }
  if (child > 0 && count <= 0) return child;
  if (child > 0) ::waitpid(child, nullptr, 0);
  throw Error(ErrorKind::io,
              fmt::format("cannot start {}: {}{}", words.front(), std::strerror(reason),
                          reason == ENOENT ? "; is it installed and in PATH?" : ""));
}

int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ChildExit run_child(const std::vector<std::string>& words, const std::string& log, int lock) {
  Descriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (file.get() < 0)
    throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", log, std::strerror(errno)));
  const pid_t child = start(words, {file.get(), file.get(), lock, SIGUSR1});
  file.close();
  ChildExit result;
  int status = 0;
  // Polling: a signal that arrives between a check of the flag and a blocking wait would be lost.
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
  result.code = code_of(status);
  return result;
}

int run_job(const std::vector<std::string>& words, int lock,
            const std::function<void(const std::string&)>& line) {
  Pipe output = make_pipe();
  const pid_t child = start(words, {output.writer.get(), STDERR_FILENO, lock, SIGTERM});
  output.writer.close();
  std::string pending;
  bool asked = false;
  for (;;) {
    if (StopSignal::received() != 0 && !asked) {
      asked = true;
      ::kill(child, SIGTERM);
    }
    pollfd ready{output.reader.get(), POLLIN, 0};
    if (::poll(&ready, 1, 200) <= 0) continue;  // in turn with a look at the signals
    char bytes[4096];
    const ssize_t count = ::read(output.reader.get(), bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    pending.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = pending.find('\n')) != std::string::npos;
         pending.erase(0, end + 1))
      line(pending.substr(0, end));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return code_of(status);
}

ErrorKind kind_of_failure(int code) {
  if (code == not_started) return ErrorKind::io;
  return kind_of_exit_code(code).value_or(ErrorKind::rank);
}

void refuse_launcher(const std::string& command) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"}) {
    if (std::getenv(name) == nullptr) continue;
    throw Error(ErrorKind::usage,
                fmt::format("{0} starts its ranks itself: run it without mpirun or srun (see "
                            "hourglass {0} --help for the number of ranks)",
                            command));
  }
}

std::string own_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "hourglass" : path.string();
}

}  // namespace hourglass
