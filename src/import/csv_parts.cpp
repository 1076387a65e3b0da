#include <algorithm>
#include <span>

#include "import/csv_header.hpp"
#include "import/csv_lines.hpp"

namespace hourglass {

namespace {

/// The first line's beginning at or after `cut`.
Index line_start(const ByteFile& file, Index begin, Index cut) {
  if (cut <= begin) return begin;
  for (Index place = cut - 1; place < file.size(); place += csv_block_bytes) {
    const auto block = file.read_some(place, csv_block_bytes);
    const auto stop = std::find(block.begin(), block.end(), std::byte{'\n'});
    if (stop != block.end()) return place + (stop - block.begin()) + 1;
  }
  return file.size();
}

template <class Take>
void for_each_block(const ByteFile& file, Range bytes, Take take) {
  for (Index place = bytes.begin; place < bytes.end; place += csv_block_bytes) {
    const auto block = file.read_some(place, std::min(csv_block_bytes, bytes.end - place));
    if (!take(place, std::string_view(reinterpret_cast<const char*>(block.data()), block.size())))
      return;
  }
}

bool has_quotes(const ByteFile& file, Range bytes) {
  bool found = false;
  for_each_block(file, bytes, [&](Index, std::string_view text) {
    found = text.find('"') != std::string_view::npos;
    return !found;
  });
  return found;
}

/// How a part of the file ends, and where its first record begins, if it begins inside quotes or
/// not.
struct Course {
  bool ends_open = false;
  Index first_record = 0;
};

Course follow(const ByteFile& file, Range bytes, char delimiter, bool open) {
  Course course{open, open ? bytes.end : bytes.begin};
  QuoteScanner quotes(delimiter, open);
  bool searching = open;
  for_each_block(file, bytes, [&](Index place, std::string_view text) {
    if (!searching) {
      quotes.scan(text);
      return true;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      quotes.scan(text.substr(i, 1));
      if (searching && text[i] == '\n' && !quotes.is_open()) {
        course.first_record = place + static_cast<Index>(i) + 1;
        searching = false;
      }
    }
    return true;
  });
  course.ends_open = quotes.is_open();
  return course;
}

}  // namespace

void divide_records(const Communicator& communicator, const ByteFile& file, CsvFile& csv) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const auto rank = static_cast<std::size_t>(communicator.rank());
  std::vector<Index> cuts;
  Index quoted = 0;
  collectively(communicator, [&] {
    for (Index r = 0; r < communicator.size(); ++r) {
      cuts.push_back(
          line_start(file, csv.begin,
                     csv.begin + even_part(file.size() - csv.begin, communicator.size(), r).begin));
    }
    cuts.push_back(file.size());
    if (ranks > 1) quoted = has_quotes(file, {cuts[rank], cuts[rank + 1]}) ? 1 : 0;
  });
  if (communicator.max(quoted) > 0) {
    // A line may lie inside a quoted cell that began in the part of another rank: each rank finds
    // out how its part goes on in either case, then all know which it is.
    std::vector<std::int64_t> courses(4 * ranks, 0);
    collectively(communicator, [&] {
      for (const bool open : {false, true}) {
        const Course course =
            follow(file, {cuts[rank], cuts[rank + 1]}, csv.settings.delimiter, open);
        courses[4 * rank + (open ? 2 : 0)] = course.ends_open ? 1 : 0;
        courses[4 * rank + (open ? 3 : 1)] = course.first_record;
      }
    });
    communicator.sum(std::span<std::int64_t>(courses));
    bool open = false;
    for (std::size_t r = 0; r < ranks; ++r) {
      cuts[r] = courses[4 * r + (open ? 3 : 1)];
      open = courses[4 * r + (open ? 2 : 0)] != 0;
    }
    // A part without a record of its own is empty.
    for (std::size_t r = ranks; r-- > 0;) cuts[r] = std::min(cuts[r], cuts[r + 1]);
  }
  for (std::size_t r = 0; r < ranks; ++r) csv.bytes.push_back({cuts[r], cuts[r + 1]});
}

}  // namespace hourglass
