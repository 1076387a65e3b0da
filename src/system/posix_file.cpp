#include "system/posix_file.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass::posix {

namespace {

// One call never moves more than this on Linux.
constexpr std::size_t largest_transfer = std::size_t{1} << 30;

// Bytes an ordinary user may still write, or -1.
Index free_bytes(const std::string& folder) {
  struct statvfs status {};
  if (statvfs(folder.c_str(), &status) != 0) return -1;
  return static_cast<Index>(status.f_bavail) * static_cast<Index>(status.f_frsize);
}

std::string in_units(Index bytes) {
  if (bytes < Index{10} << 20) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes >> 20) + " MiB";
}

[[noreturn]] void throw_no_space(const std::string& name, Index bytes) {
  const Index left = free_bytes(folder_of(name));
  const std::string known = left < 0 ? "" : " and " + in_units(left) + " are left";
  throw Error(ErrorKind::io, name + ": no space left on the disk: " + in_units(bytes) +
                                 " are needed" + known + "; free some space or write elsewhere");
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileDescriptor open_file(const std::string& path, int flags, const std::string& name) {
  int descriptor = -1;
  do {
    descriptor = open(path.c_str(), flags | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0)
    throw Error(ErrorKind::io, name + ": cannot be opened: " + std::strerror(errno));
  return FileDescriptor(descriptor);
}

void throw_write_error(int error, const std::string& name, Index bytes) {
  if (error == ENOSPC) throw_no_space(name, bytes);
  if (error == EDQUOT) {
    throw Error(ErrorKind::io, name + ": the disk quota is used up: " + in_units(bytes) +
                                   " are needed; free some space");
  }
  if (error == EFBIG) {
    throw Error(ErrorKind::io, name +
                                   ": the file would exceed the maximum file size (ulimit -f, or "
                                   "the file system's limit)");
  }
  throw Error(ErrorKind::io, name + ": cannot be written: " + std::strerror(error));
}

void write_at(int descriptor, Index position, std::span<const std::byte> bytes,
              const std::string& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t wanted = std::min(bytes.size() - done, largest_transfer);
    const ssize_t count = pwrite(descriptor, bytes.data() + done, wanted,
                                 static_cast<off_t>(position) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw_write_error(count < 0 ? errno : ENOSPC, name, static_cast<Index>(bytes.size() - done));
    done += static_cast<std::size_t>(count);
  }
}

void read_at(int descriptor, Index position, std::span<std::byte> bytes, const std::string& name) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t wanted = std::min(bytes.size() - done, largest_transfer);
    const ssize_t count = pread(descriptor, bytes.data() + done, wanted,
                                static_cast<off_t>(position) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorKind::io, name + ": cannot be read: " + std::strerror(errno));
    if (count == 0) throw Error(ErrorKind::data, name + ": is truncated; copy it again");
    done += static_cast<std::size_t>(count);
  }
}

void synchronize(int descriptor, const std::string& name) {
  while (fsync(descriptor) != 0) {
    if (errno == EINTR) continue;
    throw_write_error(errno, name, 0);
  }
}

void require_space(const std::string& folder, Index bytes, const std::string& name) {
  const Index left = free_bytes(folder);
  if (left >= 0 && left < bytes) throw_no_space(name, bytes);
}

void reserve_space(int descriptor, Index bytes, const std::string& name) {
  if (bytes <= 0) return;
  int result = 0;
  do {
    // Not posix_fallocate: where the file system cannot do it, that one writes every block.
    result = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    throw_write_error(errno, name, bytes);
}

void probe_space(int descriptor, Index bytes, const std::string& name) {
  require_space(folder_of(name), bytes, name);
  if (ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) throw_write_error(errno, name, bytes);
  reserve_space(descriptor, bytes, name);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace hourglass::posix
