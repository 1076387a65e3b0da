#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "hourglass/core/error.hpp"
#include "import/csv.hpp"
#include "import/csv_lines.hpp"
#include "import/csv_schema.hpp"
#include "import/csv_table.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_classes = 65536;

/// Findings of one rank in its part of a file.
struct Part {
  Index rows = 0;
  Index lines = 0;
  std::vector<ColumnGuess> guesses;
  std::set<std::string, std::less<>> classes;
  // The first record that cannot be read:
  Index bad_line = 0;
  std::string reason;
};

std::optional<std::size_t> label_of(const CsvFile& csv) {
  if (csv.settings.label_column.empty()) return std::nullopt;
  return find_column(csv, csv.settings.label_column);
}

class PartReader {
 public:
  PartReader(const ByteFile& file, const CsvFile& csv, Range bytes)
      : csv_(csv),
        lines_(file, bytes, csv.settings.delimiter),
        splitter_(csv.settings.delimiter),
        label_(label_of(csv)) {
    std::set<std::size_t> categorical;
    for (const std::string& name : csv.settings.categorical)
      categorical.insert(find_column(csv, name));
    for (std::size_t c = 0; c < csv.columns.size(); ++c)
      part_.guesses.emplace_back(csv.settings.numbers, categorical.contains(c));
  }

  Part read() {
    for (std::string_view line; lines_.next(line);) {
      if (is_blank(line)) continue;
      ++part_.rows;
      if (part_.bad_line > 0) continue;  // only counted
      const Index number = lines_.lines_before() + 1;
      try {
        if (!take_numbers(line, number)) take_cells(splitter_.split(line), number);
      } catch (const Error& error) {
        part_.bad_line = number;
        part_.reason = error.what();
      }
    }
    part_.lines = lines_.lines_read();
    return std::move(part_);
  }

 private:
  // A line of plain numbers needs no splitting.
  bool take_numbers(std::string_view line, Index number) {
    if (!csv_.settings.numbers.plain() || patience_ == 0) return false;
    const auto columns = static_cast<Index>(part_.guesses.size());
    values_.clear();
    const Index count = for_each_number(
        line, csv_.settings.delimiter,
        [&](Index, double value, std::string_view cell) { values_.emplace_back(value, cell); });
    if (count != columns) {
      --patience_;
      return false;
    }
    patience_ = most_patience;
    for (std::size_t c = 0; c < values_.size(); ++c)
      part_.guesses[c].add_number(values_[c].first, values_[c].second, number);
    if (label_) take_label(values_[*label_].second);
    return true;
  }

  void take_cells(std::span<const std::string_view> cells, Index number) {
    if (cells.size() != csv_.columns.size()) {
      throw Error(ErrorKind::data, "has " + std::to_string(cells.size()) +
                                       " cells, the first line has " +
                                       std::to_string(csv_.columns.size()));
    }
    for (std::size_t c = 0; c < cells.size(); ++c) part_.guesses[c].add(cells[c], number);
    if (label_) take_label(cells[*label_]);
  }

  void take_label(std::string_view cell) {
    // A missing label is named by its line in the second pass.
    if (cell.empty() || part_.classes.contains(cell)) return;
    part_.classes.emplace(cell);
    if (part_.classes.size() <= most_classes) return;
    // Numbers need no list of names.
    double ignored = 0;
    if (!std::ranges::all_of(part_.classes, [&](const std::string& text) {
          return read_number(text, {}, ignored) == NumberKind::finite;
        })) {
      throw Error(ErrorKind::data, "column '" + csv_.columns[*label_] +
                                       "' has more than 65536 different texts: are they labels?");
    }
    part_.classes.clear();
  }

  static constexpr int most_patience = 8;

  const CsvFile& csv_;
  CsvLines lines_;
  CsvSplitter splitter_;
  std::optional<std::size_t> label_;
  std::vector<std::pair<double, std::string_view>> values_;
  int patience_ = most_patience;
  Part part_;
};

/// The findings of all ranks, in their order.
CsvFindings gather(const Communicator& communicator, const Part& mine, CsvFile file) {
  CsvFindings findings;
  std::string labels;
  for (const std::string& label : mine.classes) labels += label + '\0';
  for (const std::string& part : communicator.all_gather(labels)) {
    for (std::size_t begin = 0; begin < part.size();) {
      const std::size_t end = part.find('\0', begin);
      findings.classes.insert(part.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (std::size_t c = 0; c < file.columns.size(); ++c) {
    const auto parts = communicator.all_gather(mine.guesses[c].packed());
    findings.guesses.push_back(ColumnGuess::unpacked(parts.front()));
    for (std::size_t r = 1; r < parts.size(); ++r)
      findings.guesses.back().merge(ColumnGuess::unpacked(parts[r]));
  }
  findings.file = std::move(file);
  return findings;
}

struct Scan {
  CsvFindings findings;
  std::shared_ptr<CsvTable> table;
};

Scan scan_file(const Communicator& communicator, const std::string& path,
               const CsvSettings& settings) {
  auto table = std::make_shared<CsvTable>();
  CsvFile csv;
  Part mine;
  std::optional<ByteFile> file;
  collectively(communicator, [&] {
    file.emplace(path);
    csv = read_header(*file, settings);
  });
  divide_records(communicator, *file, csv);
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const auto rank = static_cast<std::size_t>(communicator.rank());
  collectively(communicator, [&] { mine = PartReader(*file, csv, csv.bytes[rank]).read(); });
  std::vector<std::int64_t> counts(3 * ranks, 0);
  counts[3 * rank] = mine.rows;
  counts[3 * rank + 1] = mine.lines;
  counts[3 * rank + 2] = mine.bad_line;
  communicator.sum(std::span<std::int64_t>(counts));
  Index line = csv.header_lines + 1;
  std::size_t bad_rank = ranks;
  for (std::size_t r = 0; r < ranks; ++r) {
    table->row_parts.push_back({table->rows, table->rows + counts[3 * r]});
    table->first_line.push_back(line);
    table->rows += counts[3 * r];
    if (bad_rank == ranks && counts[3 * r + 2] > 0) bad_rank = r;
    line += counts[3 * r + 1];
  }
  for (ColumnGuess& guess : mine.guesses) guess.shift_lines(table->first_line[rank] - 1);
  if (bad_rank < ranks) {
    const std::string reason = communicator.all_gather(mine.reason)[bad_rank];
    const Index bad_line = table->first_line[bad_rank] + counts[3 * bad_rank + 2] - 1;
    throw Error(ErrorKind::data, path + ": line " + std::to_string(bad_line) + ": " + reason,
                Reach::everywhere);
  }
  if (table->rows == 0)
    throw Error(ErrorKind::data, path + ": holds no samples, only a header", Reach::everywhere);
  return {gather(communicator, mine, std::move(csv)), std::move(table)};
}

}  // namespace

std::vector<std::shared_ptr<const CsvTable>> scan_csv(const Communicator& communicator,
                                                      std::span<const std::string> paths,
                                                      const CsvSettings& settings) {
  std::vector<CsvFindings> findings;
  std::vector<std::shared_ptr<CsvTable>> tables;
  for (const std::string& path : paths) {
    Scan scan = scan_file(communicator, path, settings);
    findings.push_back(std::move(scan.findings));
    tables.push_back(std::move(scan.table));
  }
  std::vector<std::shared_ptr<const CsvTable>> result;
  collectively(communicator, [&] {
    std::vector<CsvPlaces> places;
    const auto schema = std::make_shared<const CsvSchema>(make_schema(findings, places));
    for (std::size_t f = 0; f < tables.size(); ++f) {
      tables[f]->file = std::move(findings[f].file);
      tables[f]->schema = schema;
      tables[f]->positions = places[f].positions;
      tables[f]->label = places[f].label;
      result.push_back(tables[f]);
    }
  });
  return result;
}

const CsvSchema& schema_of(const CsvTable& table) { return *table.schema; }

}  // namespace hourglass
