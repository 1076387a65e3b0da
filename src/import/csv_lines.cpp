#include "import/csv_lines.hpp"

#include <algorithm>
#include <span>

namespace hourglass {

namespace {

constexpr std::size_t longest_line = std::size_t{64} << 20;

}  // namespace

bool CsvLines::next(std::string_view& line) {
  for (;;) {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    const std::size_t left = rest.size();
    const std::size_t stop = rest.find('\n');
    const bool ends = stop != std::string_view::npos;
    if (ends || (left > 0 && place_ == end_)) {
      line = rest.substr(0, stop);
      used_ += line.size() + (ends ? 1 : 0);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      return true;
    }
    if (place_ == end_) return false;
    if (left > longest_line)
      throw Error(ErrorKind::data,
                  file_.path() + ": has a line of more than 64 MiB: is it a CSV file?");
    buffer_.erase(0, used_);
    used_ = 0;
    const Index count = std::min(csv_block_bytes, end_ - place_);
    buffer_.resize(left + static_cast<std::size_t>(count));
    file_.read(place_, std::as_writable_bytes(std::span(buffer_)).subspan(left));
    place_ += count;
  }
}

}  // namespace hourglass
