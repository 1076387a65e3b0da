#include "import/row_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "core/text_digest.hpp"

namespace hourglass {

namespace {

std::string first_line(const std::string& fingerprint) {
  return "hourglass rows 1 " + fingerprint + "\n";
}

std::string line_of(const RowJournal::Entry& entry, const std::string& fingerprint) {
  const std::string text = std::to_string(entry.dataset) + " " + std::to_string(entry.rows.begin) +
                           " " + std::to_string(entry.rows.end);
  return text + " " + text_digest(fingerprint + text) + "\n";
}

}  // namespace

RowJournal::RowJournal(const std::string& path, std::string fingerprint, std::string name)
    : fingerprint_(std::move(fingerprint)), name_(std::move(name)) {
  static_cast<void>(unlink(path.c_str()));
  file_ = posix::FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file_.get() < 0) posix::throw_write_error(errno, name_, 0);
  const std::string line = first_line(fingerprint_);
  posix::write_at(file_.get(), 0, std::as_bytes(std::span(line)), name_);
  posix::synchronize(file_.get(), name_);
  end_ = static_cast<Index>(line.size());
}

std::optional<RowJournal> RowJournal::open(const std::string& path, std::string fingerprint,
                                           std::string name, std::vector<RangeSet>& finished) {
  RowJournal journal;
  journal.file_ = posix::FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const std::string start = first_line(fingerprint);
  if (journal.file_.get() < 0 || !text.starts_with(start)) return std::nullopt;
  std::size_t place = start.size();
  for (std::size_t stop = 0; (stop = text.find('\n', place)) != std::string::npos;
       place = stop + 1) {
    const std::string line = text.substr(place, stop + 1 - place);
    std::istringstream words(line);
    Entry entry;
    if (!(words >> entry.dataset >> entry.rows.begin >> entry.rows.end) ||
        line_of(entry, fingerprint) != line || entry.dataset >= finished.size()) {
      break;
    }
    finished[entry.dataset].add(entry.rows);
  }
  journal.fingerprint_ = std::move(fingerprint);
  journal.name_ = std::move(name);
  journal.end_ = static_cast<Index>(place);
  if (ftruncate(journal.file_.get(), static_cast<off_t>(place)) != 0) return std::nullopt;
  return journal;
}

void RowJournal::append(std::span<const Entry> entries) {
  std::string lines;
  for (const Entry& entry : entries) lines += line_of(entry, fingerprint_);
  posix::write_at(file_.get(), end_, std::as_bytes(std::span(lines)), name_);
  posix::synchronize(file_.get(), name_);
  end_ += static_cast<Index>(lines.size());
}

}  // namespace hourglass
