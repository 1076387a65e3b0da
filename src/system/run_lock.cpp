#include "system/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "core/process.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr double patience = 3;  // periods

// Who holds a lock: one line of text, so that people can read it too.
struct Holder {
  std::string host;
  std::string boot;
  std::int64_t process = 0;
  std::int64_t started = -1;  // ticks since boot: process numbers are used again
  std::uint64_t counter = 0;

  [[nodiscard]] bool same_process(const Holder& other) const {
    return host == other.host && boot == other.boot && process == other.process &&
           started == other.started;
  }
  [[nodiscard]] std::string name() const { return fmt::format("process {} on {}", process, host); }
};

std::string first_word(const std::string& path) {
  std::ifstream stream(path);
  std::string word;
  stream >> word;
  return word.empty() ? "-" : word;
}

Holder myself() {
  return {host_name(), first_word("/proc/sys/kernel/random/boot_id"), getpid(),
          process_start(getpid()), 0};
}

// Empty for an empty or unreadable text.
std::optional<Holder> read_holder(int descriptor) {
  std::array<char, 512> text{};
  if (pread(descriptor, text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
  std::istringstream stream(text.data());
  Holder holder;
  std::string word;
  if (!(stream >> word >> holder.host >> word >> holder.boot >> word >> holder.process >> word >>
        holder.started >> word >> holder.counter)) {
    return std::nullopt;
  }
  return holder;
}

bool runs_here(const Holder& holder, const Holder& me) {
  if (holder.boot != me.boot || holder.process <= 0) return false;
  if (kill(static_cast<pid_t>(holder.process), 0) != 0 && errno == ESRCH) return false;
  return process_start(holder.process) == holder.started;
}

[[noreturn]] void refuse(const std::string& path, const std::optional<Holder>& holder) {
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
  const Holder me = myself();
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
    if (lock_.busy()) refuse(path_, read_holder(lock_.descriptor()));
    // A run that ended in between has removed the file that was just opened: take the lock of a new
    // one.
  } while (!lock_.is_on(path_));

  const std::optional<Holder> holder = read_holder(lock_.descriptor());
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
  const std::optional<Holder> later = again < 0 ? std::nullopt : read_holder(again);
  if (again >= 0) ::close(again);
  if (later && (!later->same_process(*holder) || later->counter != holder->counter))
    refuse(path_, later);
}

void RunLock::write_holder(std::uint64_t counter) const {
  const Holder me = myself();
  const std::string text = fmt::format("host {} boot {} process {} started {} renewed {:020}\n",
                                       me.host, me.boot, me.process, me.started, counter);
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
