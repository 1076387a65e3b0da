#pragma once

#include <string>

#include "system/kernel_lock.hpp"

namespace hourglass {

/// A kernel lock on a file, which is created if missing and stays. Released when the process that
/// holds it and the children that keep its descriptor have ended.
class FileLock {
 public:
  /// Tries for `patience` seconds. On a file system without such locks every process gets it.
  /// Throws Error(io) when the file cannot be opened.
  explicit FileLock(const std::string& path, double patience = 0);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  [[nodiscard]] bool held() const { return !lock_.busy(); }
  [[nodiscard]] int descriptor() const { return lock_.descriptor(); }

 private:
  KernelLock lock_;
};

}  // namespace hourglass
