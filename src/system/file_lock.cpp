#include "system/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "hourglass/core/error.hpp"

namespace hourglass {

FileLock::FileLock(const std::string& path, double patience)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  using Clock = std::chrono::steady_clock;
  if (descriptor_ < 0)
    throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  const auto begin = Clock::now();
  for (;;) {
    held_ =
        ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR);
    if (held_ || std::chrono::duration<double>(Clock::now() - begin).count() >= patience) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace hourglass
