#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>
#include <utility>

#include "hourglass/core/error.hpp"
#include "import/csv.hpp"
#include "import/csv_lines.hpp"
#include "import/csv_table.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_classes = 65536;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::data, name + ": " + reason);
}

bool is_number(std::string_view cell) {
  std::byte ignored[8];
  try {
    store_number(cell, ElementType::f64, ignored);
    return true;
  } catch (const Error&) {
    return false;
  }
}

char guess_delimiter(std::string_view line) {
  for (const char candidate : {'\t', ';', ','}) {
    if (line.find(candidate) != std::string_view::npos) return candidate;
  }
  return ',';
}

std::size_t find_column(const CsvTable& table, const std::string& name) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found != table.columns.end()) return static_cast<std::size_t>(found - table.columns.begin());
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, table.columns.size()); ++i)
    names += (i ? ", " : "") + table.columns[i];
  throw Error(ErrorKind::usage, table.path + ": has no column '" + name + "'; it has " +
                                    std::to_string(table.columns.size()) + ": " + names +
                                    (table.columns.size() > 10 ? ", ..." : ""));
}

void choose_columns(CsvTable& table) {
  std::set<std::size_t> left_out;
  if (!table.settings.label_column.empty())
    left_out.insert(*(table.label = find_column(table, table.settings.label_column)));
  for (const std::string& name : table.settings.drop_columns)
    left_out.insert(find_column(table, name));
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (!left_out.contains(c)) table.features.push_back(c);
  }
  if (table.features.empty()) refuse(table.path, "no column is left for the samples");
}

void read_header(const ByteFile& file, CsvTable& table) {
  const auto start = file.read_some(0, 3);
  if (start.empty()) refuse(table.path, "the file is empty");
  if (start.size() >= 2 && start[0] == std::byte{0x1F} && start[1] == std::byte{0x8B}) {
    refuse(table.path, "is compressed; unpack it first: gunzip < " + table.path + " > OUT");
  }
  const std::string_view mark("\xEF\xBB\xBF");
  const bool marked =
      start.size() == mark.size() && std::memcmp(start.data(), mark.data(), mark.size()) == 0;
  const Index skipped = marked ? static_cast<Index>(mark.size()) : 0;
  std::string_view line;
  CsvLines lines(file, {skipped, file.size()});
  if (!lines.next(line) || is_blank(line)) refuse(table.path, "its first line is empty");
  // Nothing of it is to reach a terminal as part of a message.
  if (std::ranges::any_of(line, [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F';
      })) {
    refuse(table.path, "holds control characters: it is no text");
  }
  if (table.settings.delimiter == '\0') table.settings.delimiter = guess_delimiter(line);
  CsvSplitter splitter(table.settings.delimiter);
  at_line(table.path, 1, [&] {
    const auto cells = splitter.split(line);
    const auto numbers =
        static_cast<std::size_t>(std::count_if(cells.begin(), cells.end(), is_number));
    // Taken for a header, a first sample with a gap or a text in it would be lost without a word.
    if (table.settings.header.empty() && numbers > 0 && numbers + 1 == cells.size() &&
        cells.back().empty()) {
      throw Error(ErrorKind::data,
                  "ends with a separator, so its last column is empty: leave it out, --header "
                  "false --drop-columns " +
                      std::to_string(cells.size()));
    }
    if (table.settings.header.empty() && numbers > 0 && numbers < cells.size()) {
      throw Error(ErrorKind::data,
                  "holds numbers and texts: say whether it names the columns, --header true or "
                  "--header false");
    }
    const bool named =
        table.settings.header.empty() ? numbers == 0 : table.settings.header == "true";
    for (std::size_t c = 0; c < cells.size(); ++c) {
      // A column without a name, such as a separator at the end of each line makes, has its number.
      table.columns.push_back(named && !cells[c].empty() ? std::string(cells[c])
                                                         : std::to_string(c + 1));
    }
    table.begin = skipped;
    table.has_header = named;
    if (!named) return;
    std::set<std::string> seen;
    for (const std::string& name : table.columns) {
      if (!seen.insert(name).second)
        throw Error(ErrorKind::data, "two columns are named '" + name + "'");
    }
    // The header's end as it stands in the file, with a carriage return or not.
    const Index length = (line.data() + line.size())[0] == '\r' ? 2 : 1;
    table.begin = std::min(file.size(), skipped + static_cast<Index>(line.size()) + length);
  });
}

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

struct Count {
  Index rows = 0;
  Index lines = 0;
  std::set<std::string, std::less<>> labels;
};

Count count_lines(const ByteFile& file, const CsvTable& table, Range bytes) {
  Count count;
  CsvSplitter splitter(table.settings.delimiter);
  CsvLines lines(file, bytes);
  for (std::string_view line; lines.next(line);) {
    ++count.lines;
    if (is_blank(line)) continue;
    ++count.rows;
    if (!table.label) continue;
    try {
      const auto cells = splitter.split(line);
      // A missing label or a short line is named by its number in the second pass.
      if (*table.label < cells.size() && !cells[*table.label].empty() &&
          !count.labels.contains(cells[*table.label])) {
        count.labels.emplace(cells[*table.label]);
      }
    } catch (const Error&) {
      continue;
    }
    if (count.labels.size() > most_classes) {
      // Numbers need no list of names.
      if (!std::all_of(count.labels.begin(), count.labels.end(), is_number)) {
        refuse(table.path, "column '" + table.columns[*table.label] +
                               "' has more than 65536 different texts: are they labels?");
      }
      count.labels.clear();
    }
  }
  return count;
}

/// The names that the labels of all ranks stand for; none when all are whole numbers.
std::vector<std::string> name_classes(const Communicator& communicator,
                                      const std::set<std::string, std::less<>>& mine) {
  std::string text;
  for (const std::string& label : mine) text += label + "\n";
  std::set<std::string> all;
  for (const std::string& part : communicator.all_gather(text)) {
    for (std::size_t begin = 0; begin < part.size();) {
      const std::size_t end = part.find('\n', begin);
      all.insert(part.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  const auto is_whole = [](const std::string& label) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), value);
    return error == std::errc{} && end == label.data() + label.size();
  };
  if (std::all_of(all.begin(), all.end(), is_whole)) return {};
  return {all.begin(), all.end()};
}

}  // namespace

std::shared_ptr<const CsvTable> scan_csv(const Communicator& communicator, const std::string& path,
                                         const CsvSettings& settings) {
  auto table = std::make_shared<CsvTable>();
  table->path = path;
  table->settings = settings;
  Count mine;
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const auto rank = static_cast<std::size_t>(communicator.rank());
  collectively(communicator, [&] {
    const ByteFile file(path);
    read_header(file, *table);
    choose_columns(*table);
    std::vector<Index> cuts;
    for (Index r = 0; r <= communicator.size(); ++r) {
      const Index cut =
          table->begin + even_part(file.size() - table->begin, communicator.size(), r).begin;
      cuts.push_back(r == communicator.size() ? file.size() : line_start(file, table->begin, cut));
    }
    for (std::size_t r = 0; r < ranks; ++r) table->bytes.push_back({cuts[r], cuts[r + 1]});
    mine = count_lines(file, *table, table->bytes[rank]);
  });
  std::vector<std::int64_t> counts(2 * ranks, 0);
  counts[2 * rank] = mine.rows;
  counts[2 * rank + 1] = mine.lines;
  communicator.sum(std::span<std::int64_t>(counts));
  Index line = table->has_header ? 2 : 1;
  for (std::size_t r = 0; r < ranks; ++r) {
    table->row_parts.push_back({table->rows, table->rows + counts[2 * r]});
    table->first_line.push_back(line);
    table->rows += counts[2 * r];
    line += counts[2 * r + 1];
  }
  if (table->label) table->classes = name_classes(communicator, mine.labels);
  if (table->rows == 0)
    throw Error(ErrorKind::data, path + ": holds no samples, only a header", Reach::everywhere);
  return table;
}

}  // namespace hourglass
