#include "system/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

posix::FileDescriptor opened(const std::string& path) {
  posix::FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() >= 0) return file;
  throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace

FileLock::FileLock(const std::string& path, double patience) : lock_(opened(path), patience) {}

}  // namespace hourglass
