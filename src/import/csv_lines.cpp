#include "import/csv_lines.hpp"

#include <algorithm>
#include <span>

namespace hourglass {

namespace {

constexpr std::size_t longest_line = std::size_t{64} << 20;

}  // namespace

void CsvLines::fill(bool open) {
  const std::size_t left = buffer_.size() - used_;
  if (left > longest_line) {
    throw Error(ErrorKind::data,
                file_.path() + (open ? ": has a quoted cell of more than 64 MiB: is a quote not "
                                       "closed?"
                                     : ": has a line of more than 64 MiB: is it a CSV file?"));
  }
  buffer_.erase(0, used_);
  used_ = 0;
  const Index count = std::min(csv_block_bytes, end_ - place_);
  buffer_.resize(left + static_cast<std::size_t>(count));
  file_.read(place_, std::as_writable_bytes(std::span(buffer_)).subspan(left));
  place_ += count;
}

bool CsvLines::next(std::string_view& line) {
  before_ = read_;
  QuoteScanner quotes(delimiter_);
  for (std::size_t scanned = 0;;) {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    const std::size_t stop = rest.find('\n', scanned);
    const bool ends = stop != std::string_view::npos;
    if (!ends && place_ < end_) {
      fill(quotes.is_open());
      continue;
    }
    if (!ends && rest.empty()) return false;
    ++read_;
    const std::string_view segment = rest.substr(scanned, ends ? stop - scanned : stop);
    if (segment.find('"') != std::string_view::npos) quotes.scan(segment);
    if (ends && quotes.is_open()) {
      scanned = stop + 1;
      if (scanned < rest.size() || place_ < end_) continue;
    }
    line = rest.substr(0, stop);
    used_ += line.size() + (ends ? 1 : 0);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return true;
  }
}

}  // namespace hourglass
