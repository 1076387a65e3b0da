#include "import/gzip_lines.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t block = std::size_t{1} << 20;
constexpr std::size_t longest_line = std::size_t{64} << 20;

}  // namespace

GzipLines::GzipLines(std::string path) : path_(std::move(path)) {
  file_.reset(gzopen(path_.c_str(), "rb"));
  if (file_ == nullptr) throw Error(ErrorKind::io, path_ + ": " + std::strerror(errno));
  gzbuffer(file_.get(), 1U << 18);
}

bool GzipLines::fill() {
  buffer_.erase(0, used_);
  used_ = 0;
  const std::size_t left = buffer_.size();
  if (left > longest_line) throw Error(ErrorKind::data, path_ + ": has a line of more than 64 MiB");
  buffer_.resize(left + block);
  const int got = gzread(file_.get(), buffer_.data() + left, static_cast<unsigned>(block));
  buffer_.resize(left + static_cast<std::size_t>(got > 0 ? got : 0));
  int code = Z_OK;
  const char* const text = gzerror(file_.get(), &code);
  if (code == Z_ERRNO) throw Error(ErrorKind::io, path_ + ": " + std::strerror(errno));
  if (code == Z_BUF_ERROR)
    throw Error(ErrorKind::data, path_ + ": the gzip stream ends early: the file is truncated");
  if (code != Z_OK && code != Z_STREAM_END)
    throw Error(ErrorKind::data, path_ + ": corrupt gzip stream (" + text + ")");
  return got > 0;
}

bool GzipLines::next(std::string_view& line) {
  std::size_t scanned = 0;
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    const std::size_t stop = rest.find('\n', scanned);
    if (stop == std::string_view::npos) {
      scanned = rest.size();
      if (fill()) continue;
      if (buffer_.empty()) return false;
    }
    line = std::string_view(buffer_).substr(used_, stop);
    used_ += line.size() + (stop == std::string_view::npos ? 0 : 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++read_;
    return true;
  }
}

}  // namespace hourglass
