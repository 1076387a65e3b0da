#include "cli/results_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

const std::string& regular(const std::string& path) {
  if (!std::filesystem::exists(path) || std::filesystem::is_regular_file(path)) return path;
  throw Error(ErrorKind::usage,
              fmt::format("{}: is not a regular file; choose another --output", path));
}

}  // namespace

ResultsFile::ResultsFile(const std::string& path)
    : path_(regular(path)),
      lock_(path, 10),
      file_(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC)) {
  if (!lock_.held())
    throw Error(ErrorKind::usage, fmt::format("{} belongs to a study that is running", path));
  if (file_ < 0)
    throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

ResultsFile::~ResultsFile() { close(file_); }

bool ResultsFile::is_empty() const { return std::filesystem::file_size(path_) == 0; }

void ResultsFile::drop_incomplete_line() {
  const auto size = static_cast<off_t>(std::filesystem::file_size(path_));
  off_t end = size;
  for (char byte = 0; end > 0 && pread(file_, &byte, 1, end - 1) == 1 && byte != '\n';) --end;
  if (end < size && ftruncate(file_, end) != 0)
    throw Error(ErrorKind::io, fmt::format("cannot shorten {}", path_));
}

void ResultsFile::append(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = write(file_, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
    done += static_cast<std::size_t>(count);
  }
}

void ResultsFile::clear() {
  if (ftruncate(file_, 0) != 0) throw Error(ErrorKind::io, fmt::format("cannot shorten {}", path_));
}

}  // namespace hourglass
