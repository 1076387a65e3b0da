#pragma once

#include <string>

#include "system/posix_file.hpp"

namespace hourglass {

/// An exclusive kernel lock (flock) on an open file, the base of FileLock, RunLock and AtomicFile.
/// Released with this object and with the last process that keeps the descriptor open. Not
/// installed.
class KernelLock {
 public:
  enum class State {
    held,
    busy,        ///< another open file has it
    unsupported  ///< the file system has no such locks
  };

  KernelLock() = default;
  /// Tries for up to `patience` seconds. Owns the file in any case.
  explicit KernelLock(posix::FileDescriptor file, double patience = 0);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool busy() const { return state_ == State::busy; }
  [[nodiscard]] int descriptor() const { return file_.get(); }
  /// False when the file was renamed or removed since it was opened: then the lock does not
  /// protect the file of that name.
  [[nodiscard]] bool is_on(const std::string& path) const;
  /// Gives the descriptor, and the lock with it, to the caller.
  [[nodiscard]] int release() noexcept { return file_.release(); }

 private:
  posix::FileDescriptor file_;
  State state_ = State::unsupported;
};

}  // namespace hourglass
