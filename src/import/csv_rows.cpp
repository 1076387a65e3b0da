#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "hourglass/core/error.hpp"
#include "import/csv.hpp"
#include "import/csv_lines.hpp"
#include "import/csv_table.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

/// The chosen columns of a rank's lines, one after the other.
class CsvRows final : public RowReader {
 public:
  CsvRows(std::shared_ptr<const CsvTable> table, bool labels)
      : table_(std::move(table)),
        labels_(labels),
        type_(labels ? ElementType::i64 : table_->settings.type),
        file_(table_->path),
        splitter_(table_->settings.delimiter) {
    shape_ = {table_->rows};
    if (!labels) shape_.push_back(static_cast<Index>(table_->features.size()));
  }

  [[nodiscard]] const std::string& path() const override { return table_->path; }
  [[nodiscard]] ElementType type() const override { return type_; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return shape_; }
  [[nodiscard]] const std::vector<std::string>& classes() const override {
    return labels_ ? table_->classes : RowReader::classes();
  }
  [[nodiscard]] Range part(Index rank, Index ranks) const override {
    if (ranks == static_cast<Index>(table_->row_parts.size()))
      return table_->row_parts[static_cast<std::size_t>(rank)];
    return {0, rank == 0 ? table_->rows : 0};  // read alone
  }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    if (rows.empty()) return;
    if (!lines_ || rows.begin != next_row_) start(rows.begin);
    for (std::byte* place = bytes.data(); next_row_ < rows.end; ++next_row_, place += row_bytes()) {
      const std::string_view line = next_line();
      at_line(path(), line_, [&] { store(splitter_.split(line), place); });
    }
  }

  void skip_rows(Range rows) override {
    if (rows.empty()) return;
    if (!lines_ || rows.begin != next_row_) start(rows.begin);
    for (; next_row_ < rows.end; ++next_row_) static_cast<void>(next_line());
  }

 private:
  /// The next that is not blank.
  std::string_view next_line() {
    std::string_view line;
    do {
      ++line_;
      if (!lines_->next(line))
        throw Error(ErrorKind::data,
                    path() + ": has fewer lines than a moment ago: something writes to it");
    } while (is_blank(line));
    return line;
  }

  /// Only to the beginning of a rank's part: rows are read in order.
  void start(Index row) {
    std::size_t rank = 0;
    while (rank + 1 < table_->row_parts.size() && table_->row_parts[rank].begin != row) ++rank;
    require(table_->row_parts[rank].begin == row, "lines are read from the beginning of a part");
    lines_.emplace(file_, Range{table_->bytes[rank].begin, file_.size()});
    next_row_ = row;
    line_ = table_->first_line[rank] - 1;
  }

  void store(std::span<const std::string_view> cells, std::byte* place) const {
    if (cells.size() != table_->columns.size()) {
      throw Error(ErrorKind::data, "has " + std::to_string(cells.size()) +
                                       " cells, the first line has " +
                                       std::to_string(table_->columns.size()));
    }
    if (labels_) return store_label(cells[*table_->label], place);
    for (const std::size_t column : table_->features) {
      try {
        store_number(cells[column], type_, place);
      } catch (const Error& error) {
        throw Error(error.kind(), "column '" + table_->columns[column] + "': " + error.what());
      }
      place += size_of(type_);
    }
  }

  void store_label(std::string_view cell, std::byte* place) const {
    if (table_->classes.empty()) return store_number(cell, ElementType::i64, place);
    const auto found = std::lower_bound(table_->classes.begin(), table_->classes.end(), cell);
    if (found == table_->classes.end() || *found != cell) {
      throw Error(ErrorKind::data,
                  "column '" + table_->columns[*table_->label] + "': a missing label");
    }
    const std::int64_t number = found - table_->classes.begin();
    std::memcpy(place, &number, sizeof(number));
  }

  std::shared_ptr<const CsvTable> table_;
  bool labels_;
  ElementType type_;
  ByteFile file_;
  CsvSplitter splitter_;
  std::vector<Index> shape_;
  std::optional<CsvLines> lines_;
  Index next_row_ = 0;
  Index line_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> csv_samples(std::shared_ptr<const CsvTable> table) {
  return std::make_unique<CsvRows>(std::move(table), false);
}

std::unique_ptr<RowReader> csv_labels(std::shared_ptr<const CsvTable> table) {
  return std::make_unique<CsvRows>(std::move(table), true);
}

}  // namespace hourglass
