#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "hourglass/core/types.hpp"

/// System calls with full transfers and errors for users.
namespace hourglass::posix {

/// Owns a descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  /// Gives it to the caller, who closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

/// open(2) with close-on-exec. `name` is what messages call the file. Throws Error(io).
[[nodiscard]] FileDescriptor open_file(const std::string& path, int flags, const std::string& name);

/// Throws Error(io) for `error` (an errno value) met while writing `bytes` bytes of `name`: a full
/// disk, a quota and a size limit are distinguished, with the remaining space where it is known.
[[noreturn]] void throw_write_error(int error, const std::string& name, Index bytes);

/// All bytes at that position, or Error(io).
void write_at(int descriptor, Index position, std::span<const std::byte> bytes,
              const std::string& name);
/// All bytes at that position; Error(data) when the file ends before, Error(io) when it cannot be
/// read.
void read_at(int descriptor, Index position, std::span<std::byte> bytes, const std::string& name);
/// fsync(2), or Error(io).
void synchronize(int descriptor, const std::string& name);

/// Throws Error(io) when the file system of `folder` has less than `bytes` bytes for us.
void require_space(const std::string& folder, Index bytes, const std::string& name);
/// Takes the disk space of the first `bytes` bytes without changing the file's size; Error(io) when
/// the disk is too full.
void reserve_space(int descriptor, Index bytes, const std::string& name);

/// Throws Error(io) when the file could not grow to `bytes` bytes (disk, quota, size limit). It
/// grows to that size and has to be truncated afterwards, which creating an HDF5 file over it does:
/// HDF5 itself recovers badly from a full disk.
void probe_space(int descriptor, Index bytes, const std::string& name);

/// The folder part of a path, "." when there is none.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace hourglass::posix
