#include "system/stuck_launcher.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace hourglass {

namespace {

bool is_launcher(pid_t process) {
  constexpr std::array names = {"mpirun", "mpiexec", "orterun", "orted", "prterun", "prted"};
  std::ifstream stream("/proc/" + std::to_string(process) + "/comm");
  std::string name;
  std::getline(stream, name);
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Only calls that are safe in the child of a process with threads.
[[noreturn]] void outlast(int launcher, int milliseconds) {
  setsid();  // the launcher ends the process groups of its ranks
  // Nobody who reads what the job wrote is to wait for this process, nor the next run for a lock.
  const auto kept = static_cast<unsigned>(launcher);
  if (kept > 0) close_range(0, kept - 1, 0);
  close_range(kept + 1, ~0U, 0);
  pollfd ended = {launcher, POLLIN, 0};
  // Not SIGTERM: an mpirun that is ending a job already crashes over it.
  if (poll(&ended, 1, milliseconds) == 0)
    syscall(SYS_pidfd_send_signal, launcher, SIGKILL, nullptr, 0U);
  _exit(0);
}

}  // namespace

void end_launcher_after(double patience) {
  const pid_t parent = getppid();
  if (!is_launcher(parent)) return;
  // A name of the process that no later one can have. (A system call: glibc 2.36 forgot that C++
  // includes its <sys/pidfd.h>.)
  const auto launcher = static_cast<int>(syscall(SYS_pidfd_open, parent, 0U));
  if (launcher < 0) return;
  // Not fork(): what libraries want done at a fork may wait for the thread that hangs.
  if (_Fork() == 0) outlast(launcher, static_cast<int>(1000 * patience));
  close(launcher);
}

}  // namespace hourglass
