#pragma once

#include <string>

#include "system/kernel_lock.hpp"

namespace hourglass {

/// A lock of the kernel's on a file, which is made when it is missing and stays. Gone when the
/// process that holds it has ended, and the children that keep its descriptor.
class FileLock {
 public:
  /// Tries for `patience` seconds. A file system without such locks gives them to everybody. Throws
  /// Error(io) when the file cannot be opened.
  explicit FileLock(const std::string& path, double patience = 0);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  [[nodiscard]] bool held() const { return !lock_.busy(); }
  [[nodiscard]] int descriptor() const { return lock_.descriptor(); }

 private:
  KernelLock lock_;
};

}  // namespace hourglass
