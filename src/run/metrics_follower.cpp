#include "run/metrics_follower.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "run/metrics_reader.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace {

constexpr std::size_t bytes_per_read = std::size_t{1} << 18;
// More than a usual line: enough to notice that a file was rewritten in place.
constexpr std::size_t remembered_bytes = 1024;
// A line of a code of a million units takes less; a file without lines must not fill the memory.
constexpr std::size_t longest_line = std::size_t{64} << 20;

// At most `bytes` bytes, fewer at the end of the file and where it cannot be read.
std::string read_some(int descriptor, Index position, std::size_t bytes) {
  std::string text(bytes, '\0');
  ssize_t count = 0;
  do {
    count = ::pread(descriptor, text.data(), bytes, position);
  } while (count < 0 && errno == EINTR);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return text;
}

}  // namespace

MetricsFollower::MetricsFollower(std::string path, Index most_steps)
    : path_(std::move(path)), most_steps_(most_steps) {}

bool MetricsFollower::advance() {
  const bool had_records = !records_.empty();
  const std::size_t count = records_.size();
  const Index passed_over = passed_over_;
  const Index seen = steps_seen_;
  const int error = error_;
  const bool begun_again = look() && had_records;
  return begun_again || records_.size() != count || passed_over_ != passed_over ||
         steps_seen_ != seen || error_ != error;
}

std::string MetricsFollower::problem() const {
  if (error_ != 0) return fmt::format("{} cannot be read: {}.", path_, std::strerror(error_));
  if (passed_over_ == 0) return {};
  return fmt::format("{} of the lines of {} {} no record and {} passed over.", passed_over_, path_,
                     passed_over_ == 1 ? "is" : "are", passed_over_ == 1 ? "was" : "were");
}

// Reads on; whether what was read before has been forgotten.
bool MetricsFollower::look() {
  struct stat now {};
  // One that is gone may be about to be replaced.
  if (::stat(path_.c_str(), &now) != 0) return false;
  const bool is_known = now.st_dev == device_ && now.st_ino == inode_;
  if (is_known && now.st_size == offset_) return false;
  // Opened for each look: the runs of a large sweep are more than the files that may be open.
  const posix::FileDescriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  error_ = file.get() < 0 || ::fstat(file.get(), &now) != 0 ? errno : 0;
  if (error_ != 0) return false;
  const bool goes_on = now.st_dev == device_ && now.st_ino == inode_ && now.st_size >= offset_ &&
                       holds_what_was_read(file.get());
  if (!goes_on) forget();
  device_ = now.st_dev;
  inode_ = now.st_ino;
  read_on(file.get());
  return !goes_on;
}

void MetricsFollower::forget() {
  offset_ = 0;
  before_offset_.clear();
  records_.clear();
  passed_over_ = 0;
  steps_seen_ = 0;
  steps_kept_ = 0;
  stride_ = 1;
}

bool MetricsFollower::holds_what_was_read(int file) const {
  const auto bytes = static_cast<Index>(before_offset_.size());
  return read_some(file, offset_ - bytes, before_offset_.size()) == before_offset_;
}

void MetricsFollower::read_on(int file) {
  std::string text;  // from offset_ on
  for (;;) {
    const std::string more =
        read_some(file, offset_ + static_cast<Index>(text.size()), bytes_per_read);
    if (more.empty()) return;
    text += more;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', begin)) {
      take(text.substr(begin, end - begin));
      begin = end + 1;
    }
    if (begin == 0 && text.size() > longest_line) {
      ++passed_over_;
      begin = text.size();
    }
    if (begin == 0) continue;
    const std::size_t kept = std::min(begin, remembered_bytes);
    before_offset_ = text.substr(begin - kept, kept);
    offset_ += static_cast<Index>(begin);
    text.erase(0, begin);
  }
}

void MetricsFollower::take(const std::string& line) {
  auto record = metrics_record(line);
  if (!record) {
    ++passed_over_;
    return;
  }
  const bool is_step = record->kind == "step";
  if (is_step && (most_steps_ == 0 || steps_seen_++ % stride_ != 0)) return;
  records_.push_back(std::move(*record));
  if (is_step && ++steps_kept_ > most_steps_) halve_steps();
}

void MetricsFollower::halve_steps() {
  Index number = 0;
  std::erase_if(records_, [&](const MetricsRecord& record) {
    return record.kind == "step" && number++ % 2 != 0;
  });
  steps_kept_ = (steps_kept_ + 1) / 2;
  stride_ *= 2;
}

}  // namespace hourglass
