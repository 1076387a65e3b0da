#include "import/csv_header.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "import/csv.hpp"
#include "import/csv_lines.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

char guess_delimiter(std::string_view line) {
  for (const char candidate : {'\t', ';', ','}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return ',';
}

// Nothing of it is to reach a terminal as part of a message.
bool has_control_characters(std::string_view line) {
  return std::ranges::any_of(line, [](char c) {
    const bool space = c == '\t' || c == '\n' || c == '\r';
    return (static_cast<unsigned char>(c) < ' ' && !space) || c == '\x7F';
  });
}

// The names that pandas gives to columns without any: 0, 1, 2, ..., after an index or not.
bool counts_from_zero(std::span<const std::string_view> cells) {
  const bool indexed = cells.front().empty();
  const auto names = cells.subspan(indexed ? 1 : 0);
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (names[c] != std::to_string(c)) return false;
  }
  constexpr std::size_t certain = 3;  // "0,1" may be a sample as well
  return names.size() >= (indexed ? 1 : certain);
}

bool is_header(std::span<const std::string_view> cells, const CsvSettings& settings,
               std::vector<std::string>& notes) {
  if (!settings.header.empty()) return settings.header == "true";
  if (counts_from_zero(cells)) {
    notes.emplace_back(
        "the first line counts from 0, as pandas names columns: it is taken as the header "
        "(--header false: as a sample)");
    return true;
  }
  double ignored = 0;
  const auto numbers = static_cast<std::size_t>(std::ranges::count_if(cells, [&](auto cell) {
    return read_number(cell, settings.numbers, ignored) == NumberKind::finite;
  }));
  // Taken for a header, a first sample with a gap or a text in it would be lost without a word.
  if (numbers > 0 && numbers + 1 == cells.size() && cells.back().empty()) {
    throw Error(ErrorKind::data,
                "ends with a separator, so its last column is empty: leave it out, --header "
                "false --drop-columns " +
                    std::to_string(cells.size()));
  }
  if (numbers > 0 && numbers < cells.size()) {
    throw Error(ErrorKind::data,
                "holds numbers and texts: say whether it names the columns, --header true or "
                "--header false");
  }
  return numbers == 0;
}

std::string column_name(std::string_view cell) {
  std::string name(cell);
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return name;
}

void name_columns(std::span<const std::string_view> cells, CsvFile& csv) {
  for (std::size_t c = 0; c < cells.size(); ++c) {
    // A column without a name, such as a separator at the end of each line makes, has its number.
    csv.columns.push_back(csv.has_header && !cells[c].empty() ? column_name(cells[c])
                                                              : std::to_string(c + 1));
  }
  if (!csv.has_header) return;
  if (cells.size() > 1 && (cells.front().empty() || cells.front() == "Unnamed: 0")) csv.index = 0;
  std::set<std::string> seen;
  for (std::size_t c = 0; c < csv.columns.size(); ++c) {
    if (csv.index == c) continue;
    if (!seen.insert(csv.columns[c]).second)
      throw Error(ErrorKind::data, "two columns are named '" + csv.columns[c] + "'");
  }
  if (csv.index && seen.contains(csv.columns.front())) csv.columns.front() = "index";
}

}  // namespace

CsvFile read_header(const ByteFile& file, const CsvSettings& settings) {
  CsvFile csv;
  csv.path = file.path();
  csv.settings = settings;
  const auto start = file.read_some(0, 3);
  if (start.empty()) refuse(csv.path, "the file is empty");
  if (start.size() >= 2 && start[0] == std::byte{0x1F} && start[1] == std::byte{0x8B})
    refuse(csv.path, "is compressed; unpack it first: gunzip < " + csv.path + " > OUT");
  const std::string_view mark("\xEF\xBB\xBF");
  const bool marked =
      start.size() == mark.size() && std::memcmp(start.data(), mark.data(), mark.size()) == 0;
  const Index skipped = marked ? static_cast<Index>(mark.size()) : 0;
  std::string_view line;
  if (csv.settings.delimiter == '\0') {
    CsvLines lines(file, {skipped, file.size()}, ',');
    if (lines.next(line)) csv.settings.delimiter = guess_delimiter(line);
  }
  CsvLines lines(file, {skipped, file.size()}, csv.settings.delimiter);
  if (!lines.next(line) || is_blank(line)) refuse(csv.path, "its first line is empty");
  if (has_control_characters(line)) refuse(csv.path, "holds control characters: it is no text");
  CsvSplitter splitter(csv.settings.delimiter);
  at_line(csv.path, 1, [&] {
    const auto cells = splitter.split(line);
    csv.has_header = is_header(cells, csv.settings, csv.notes);
    name_columns(cells, csv);
  });
  csv.begin = skipped;
  if (!csv.has_header) return csv;
  csv.header_lines = lines.lines_read();
  // The header's end as it stands in the file, with a carriage return or not.
  const Index length = (line.data() + line.size())[0] == '\r' ? 2 : 1;
  csv.begin = std::min(file.size(), skipped + static_cast<Index>(line.size()) + length);
  return csv;
}

std::size_t find_column(const CsvFile& csv, const std::string& name) {
  const auto found = std::ranges::find(csv.columns, name);
  if (found != csv.columns.end()) return static_cast<std::size_t>(found - csv.columns.begin());
  // A column without a name may be called by its number.
  if (csv.index && name == std::to_string(*csv.index + 1)) return *csv.index;
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, csv.columns.size()); ++i)
    names += (i ? ", " : "") + csv.columns[i];
  throw Error(ErrorKind::usage, csv.path + ": has no column '" + name + "'; it has " +
                                    std::to_string(csv.columns.size()) + ": " + names +
                                    (csv.columns.size() > 10 ? ", ..." : ""));
}

}  // namespace hourglass
