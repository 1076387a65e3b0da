#include "system/kernel_lock.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

namespace hourglass {

namespace {

constexpr auto pause = std::chrono::milliseconds(20);

KernelLock::State attempt(int descriptor) {
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? KernelLock::State::busy : KernelLock::State::unsupported;
  }
  return KernelLock::State::held;
}

}  // namespace

KernelLock::KernelLock(posix::FileDescriptor file, double patience) : file_(std::move(file)) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  // A blocking flock() cannot end after a time.
  while ((state_ = attempt(file_.get())) == State::busy &&
         std::chrono::duration<double>(Clock::now() - begin).count() < patience) {
    std::this_thread::sleep_for(pause);
  }
}

bool KernelLock::is_on(const std::string& path) const {
  struct stat mine {};
  struct stat named {};
  return fstat(file_.get(), &mine) == 0 && stat(path.c_str(), &named) == 0 &&
         mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

}  // namespace hourglass
