#include "system/run_activity.hpp"

#include <fcntl.h>

#include <utility>

#include "system/posix_file.hpp"

namespace hourglass {

RunActivity::RunActivity(std::string lock_path, double patience)
    : path_(std::move(lock_path)), patience_(patience), here_(this_lock_holder()) {}

RunActivity::State RunActivity::look() {
  // Opened each time: network file systems look for changes when a file is opened.
  const posix::FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return State::idle;
  const std::optional<LockHolder> holder = read_lock_holder(file.get());
  if (!holder) return State::running;  // it has just been made, or is being written
  if (holder->host == here_.host) return runs_here(*holder, here_) ? State::running : State::killed;
  const auto now = Clock::now();
  if (!last_ || !last_->same_process(*holder) || last_->counter != holder->counter) {
    last_ = holder;
    renewed_ = now;
  }
  return now - renewed_ < patience_ ? State::running : State::killed;
}

}  // namespace hourglass
