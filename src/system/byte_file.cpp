#include "system/byte_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "hourglass/core/error.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

struct ByteFile::State {
  std::string path;
  posix::FileDescriptor descriptor;
  Index size = 0;
};

ByteFile::ByteFile(const std::string& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  // Non-blocking: opening a pipe without a writer would block forever.
  state_->descriptor = posix::open_file(path, O_RDONLY | O_NONBLOCK, path);
  struct stat status {};
  if (fstat(state_->descriptor.get(), &status) != 0)
    throw Error(ErrorKind::io, path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(ErrorKind::io, path + ": is a folder, not a file");
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorKind::io, path + ": is not a regular file; copy the data to one");
  state_->size = static_cast<Index>(status.st_size);
}

ByteFile::ByteFile(ByteFile&&) noexcept = default;
ByteFile& ByteFile::operator=(ByteFile&&) noexcept = default;
ByteFile::~ByteFile() = default;

const std::string& ByteFile::path() const { return state_->path; }
Index ByteFile::size() const { return state_->size; }

void ByteFile::read(Index position, std::span<std::byte> bytes) const {
  posix::read_at(state_->descriptor.get(), position, bytes, state_->path);
}

std::vector<std::byte> ByteFile::read_some(Index position, Index most) const {
  const Index count = std::clamp<Index>(state_->size - position, 0, most);
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  read(position, bytes);
  return bytes;
}

std::string file_identity(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    throw Error(ErrorKind::io, path + ": " + std::strerror(errno));
  const auto time = [](const timespec& at) {
    return std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec);
  };
  return std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
         time(status.st_mtim) + " " + time(status.st_ctim);
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path);
  if (!stream || std::filesystem::is_directory(path)) {
    throw Error(ErrorKind::io, "cannot read " + path + ": no such file, or no permission");
  }
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace hourglass
