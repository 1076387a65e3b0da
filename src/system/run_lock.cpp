#include "system/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "hourglass/core/error.hpp"
#include "system/lock_holder.hpp"

namespace hourglass {

namespace {

constexpr double patience = 3;  // periods

[[noreturn]] void refuse(const std::string& path, const std::optional<LockHolder>& holder) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  throw Error(
      ErrorKind::usage,
      fmt::format("another run is writing to {}{}: wait for it to end, or use another folder",
                  folder, holder ? " (" + holder->name() + ")" : ""));
}

}  // namespace

RunLock::RunLock(std::string path, double period) : path_(std::move(path)), period_(period) {
  acquire();
  write_holder(0);
  thread_ = std::jthread([this](const std::stop_token& stop) { renew(stop); });
}

RunLock::~RunLock() {
  thread_.request_stop();
  thread_.join();
  ::unlink(path_.c_str());
}

void RunLock::acquire() {
  const LockHolder me = this_lock_holder();
  do {
    lock_ = {};  // of a file that others may be waiting for
    posix::FileDescriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (file.get() < 0) {
      throw Error(ErrorKind::io, fmt::format("cannot write to {}: {}",
                                             std::filesystem::path(path_).parent_path().string(),
                                             std::strerror(errno)));
    }
    // The ranks of a job whose launcher was killed end within moments.
    lock_ = KernelLock(std::move(file), patience * period_);
    if (lock_.busy()) refuse(path_, read_lock_holder(lock_.descriptor()));
    // A run that ended in between has removed the file that was just opened: take the lock of a new
    // one.
  } while (!lock_.is_on(path_));

  const std::optional<LockHolder> holder = read_lock_holder(lock_.descriptor());
  if (!holder || holder->same_process(me)) return;
  if (holder->host == me.host) {
    if (lock_.state() == KernelLock::State::unsupported && runs_here(*holder, me))
      refuse(path_, holder);
    return;
  }
  // Whether the kernel's lock reaches other hosts depends on the file system: see whether the
  // holder lives.
  std::this_thread::sleep_for(std::chrono::duration<double>(patience * period_));
  // Network file systems look for changes when a file is opened.
  const int again = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  const std::optional<LockHolder> later = again < 0 ? std::nullopt : read_lock_holder(again);
  if (again >= 0) ::close(again);
  if (later && (!later->same_process(*holder) || later->counter != holder->counter))
    refuse(path_, later);
}

void RunLock::write_holder(std::uint64_t counter) const {
  LockHolder me = this_lock_holder();
  me.counter = counter;
  const std::string text = to_text(me);
  // Errors are ignored: the writers of data report a full or lost disk.
  if (counter == 0) static_cast<void>(::ftruncate(lock_.descriptor(), 0));
  static_cast<void>(::pwrite(lock_.descriptor(), text.data(), text.size(), 0));
  static_cast<void>(::fdatasync(lock_.descriptor()));
}

void RunLock::renew(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (std::uint64_t counter = 1; !stop.stop_requested(); ++counter) {
    wake_.wait_for(lock, stop, std::chrono::duration<double>(period_), [] { return false; });
    if (!stop.stop_requested()) write_holder(counter);
  }
}

}  // namespace hourglass
