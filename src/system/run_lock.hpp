#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "system/kernel_lock.hpp"

namespace hourglass {

/// Keeps two runs from writing to one folder: a file that one process holds. It has three
/// safeguards: a kernel lock (which a killed process cannot leave behind), the name of the holder
/// in the file (host, boot, process and its start), and, for holders on other hosts where file
/// systems do not share such locks, a counter that a thread of the holder renews. A lock whose
/// holder is dead, was on another host that no longer renews it, or lived before the last boot is
/// taken over.
class RunLock {
 public:
  /// Takes the lock at `path`. Throws Error(usage) naming the holder, Error(io) when the file
  /// cannot be written. A holder is watched for three `period`s (seconds) first: the ranks of a
  /// killed job may be about to end.
  explicit RunLock(std::string path, double period = 2);
  /// Removes the file.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  void acquire();
  void write_holder(std::uint64_t counter) const;
  void renew(const std::stop_token& stop);

  std::string path_;
  double period_;
  KernelLock lock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it ends before anything it uses
};

}  // namespace hourglass
