#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/element.hpp"
#include "hourglass/core/error.hpp"
#include "import/csv.hpp"
#include "import/csv_guess.hpp"
#include "import/csv_lines.hpp"
#include "import/csv_table.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

namespace {

using Codes = std::unordered_map<std::string, Index, TextHash, std::equal_to<>>;

Codes codes_of(const std::vector<std::string>& texts) {
  Codes codes;
  for (std::size_t i = 0; i < texts.size(); ++i) codes.emplace(texts[i], static_cast<Index>(i));
  return codes;
}

/// Makes the features of one column from its cell.
class CellWriter {
 public:
  CellWriter(const Column& column, const DateFormat& dates, const NumberFormat& numbers,
             ElementType type)
      : column_(column), dates_(dates), numbers_(numbers), type_(type) {
    if (column.kind == ColumnKind::category) codes_ = codes_of(column.vocabulary);
  }

  [[nodiscard]] const Column& column() const { return column_; }

  /// `place` is of the column's first feature. Throws Error(data) with the reason alone.
  void store(std::string_view cell, std::byte* place) const {
    if (is_missing(cell)) {
      if (is_integer(type_)) store_number(cell, type_, place);  // refuses
      for (Index f = 0; f < column_.features.size(); ++f)
        put(std::numeric_limits<double>::quiet_NaN(), place + f * size_of(type_));
      return;
    }
    switch (column_.kind) {
      case ColumnKind::number:
        return store_plain_number(cell, place);
      case ColumnKind::boolean: {
        const int value = boolean_of(cell);
        if (value >= 0) return put(value, place);
        double number = -1;
        if (read_number(cell, numbers_, number) == NumberKind::finite &&
            (number == 0 || number == 1))
          return put(number, place);
        throw Error(ErrorKind::data, shown(cell) + " is neither true nor false");
      }
      case ColumnKind::date: {
        const auto date = read_date(cell);
        if (!date || !fits(*date, dates_.order))
          throw Error(ErrorKind::data,
                      shown(cell) + " is not a date in the format " + column_.format);
        return put(seconds_since_1970(*date, dates_.order), place);
      }
      case ColumnKind::category: {
        const auto found = codes_.find(cell);
        const Index code = found == codes_.end() ? -1 : found->second;
        for (Index f = 0; f < column_.features.size(); ++f)
          put(f == code ? 1 : 0, place + f * size_of(type_));
        return;
      }
    }
  }

  /// Throws Error(data) for a value that single precision cannot hold, or the type.
  void put(double value, std::byte* place) const {
    if (type_ == ElementType::f32) {
      if (std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max())) beyond(value);
      const auto stored = static_cast<float>(value);
      std::memcpy(place, &stored, sizeof(stored));
      return;
    }
    with_element(type_, [&]<class T>(std::type_identity<T>) {
      if constexpr (std::is_integral_v<T>) {
        constexpr double first = static_cast<double>(std::numeric_limits<T>::min());
        const double last = std::ldexp(1.0, std::numeric_limits<T>::digits);
        if (!(value >= first && value < last)) beyond(value);
        if (value != std::floor(value)) {
          throw Error(
              ErrorKind::data,
              std::to_string(value) + " is not a whole number of this type; use --type float32");
        }
      } else if (std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
        beyond(value);  // training computes in single precision
      }
      const T stored = static_cast<T>(value);
      std::memcpy(place, &stored, sizeof(T));
    });
  }

 private:
  [[noreturn]] static void beyond(double value) {
    throw Error(ErrorKind::data, "'" + std::to_string(value) + "' is beyond the type's range");
  }

  void store_plain_number(std::string_view cell, std::byte* place) const {
    if (is_integer(type_) && numbers_.plain()) return store_number(cell, type_, place);
    double value = 0;
    switch (read_number(cell, numbers_, value)) {
      case NumberKind::finite:
        return put(value, place);
      case NumberKind::infinite:
        throw Error(ErrorKind::data, shown(cell) + " is infinite");
      case NumberKind::beyond_double:
        throw Error(ErrorKind::data, shown(cell) + " is beyond the type's range");
      case NumberKind::no:
        throw Error(ErrorKind::data, shown(cell) + " is not a number");
    }
  }

  const Column& column_;
  DateFormat dates_;
  NumberFormat numbers_;
  ElementType type_;
  Codes codes_;
};

/// The records of a file in their order, from the beginning of a rank's part.
class CsvRecords final {
 public:
  explicit CsvRecords(const CsvTable& table) : table_(table), file_(table.file.path) {}

  /// Goes to a row: the next, or the first of a part.
  void go_to(Index row) {
    if (lines_ && row == next_row_) return;
    std::size_t rank = 0;
    while (rank + 1 < table_.row_parts.size() && table_.row_parts[rank].begin != row) ++rank;
    require(table_.row_parts[rank].begin == row, "lines are read from the beginning of a part");
    lines_.emplace(file_, Range{table_.file.bytes[rank].begin, file_.size()},
                   table_.file.settings.delimiter);
    next_row_ = row;
    first_line_ = table_.first_line[rank];
  }

  /// The next that is not blank.
  std::string_view next() {
    std::string_view line;
    do {
      if (!lines_->next(line))
        throw Error(ErrorKind::data, table_.file.path +
                                         ": has fewer lines than a moment ago: something writes "
                                         "to it");
    } while (is_blank(line));
    ++next_row_;
    return line;
  }
  /// Of the record that next() gave.
  [[nodiscard]] Index line() const { return first_line_ + lines_->lines_before(); }
  [[nodiscard]] Index next_row() const { return next_row_; }

 private:
  const CsvTable& table_;
  ByteFile file_;
  std::optional<CsvLines> lines_;
  Index next_row_ = 0;
  Index first_line_ = 1;
};

/// What samples and labels of a file share.
class CsvRows : public RowReader {
 public:
  explicit CsvRows(std::shared_ptr<const CsvTable> table)
      : table_(std::move(table)), records_(*table_), splitter_(table_->file.settings.delimiter) {}

  [[nodiscard]] const std::string& path() const final { return table_->file.path; }
  [[nodiscard]] const std::vector<Index>& shape() const final { return shape_; }
  [[nodiscard]] Range part(Index rank, Index ranks) const final {
    if (ranks == static_cast<Index>(table_->row_parts.size()))
      return table_->row_parts[static_cast<std::size_t>(rank)];
    return {0, rank == 0 ? table_->rows : 0};  // read alone
  }

  void read_rows(Range rows, std::span<std::byte> bytes) final {
    if (rows.empty()) return;
    records_.go_to(rows.begin);
    for (std::byte* place = bytes.data(); records_.next_row() < rows.end; place += row_bytes()) {
      const std::string_view line = records_.next();
      at_line(path(), records_.line(), [&] { store(line, place); });
    }
  }

  void skip_rows(Range rows) final {
    if (rows.empty()) return;
    records_.go_to(rows.begin);
    while (records_.next_row() < rows.end) static_cast<void>(records_.next());
  }

 protected:
  virtual void store(std::string_view line, std::byte* place) = 0;

  std::span<const std::string_view> cells(std::string_view line) {
    const auto found = splitter_.split(line);
    if (found.size() != table_->file.columns.size()) {
      throw Error(ErrorKind::data, "has " + std::to_string(found.size()) +
                                       " cells, the first line has " +
                                       std::to_string(table_->file.columns.size()));
    }
    return found;
  }
  [[noreturn]] static void refuse_cell(const std::string& name, const Error& error) {
    throw Error(error.kind(), "column '" + name + "': " + error.what());
  }

  std::shared_ptr<const CsvTable> table_;
  std::vector<Index> shape_;

 private:
  CsvRecords records_;
  CsvSplitter splitter_;
};

class CsvSamples final : public CsvRows {
 public:
  explicit CsvSamples(std::shared_ptr<const CsvTable> table) : CsvRows(std::move(table)) {
    const CsvSchema& schema = *table_->schema;
    shape_ = {table_->rows, schema.columns.back().features.end};
    for (std::size_t c = 0; c < schema.columns.size(); ++c)
      writers_.emplace_back(schema.columns[c], schema.dates[c], table_->file.settings.numbers,
                            schema.type);
    // Which writer takes a number of the file's column.
    by_position_.assign(table_->file.columns.size(), nullptr);
    for (std::size_t c = 0; c < writers_.size(); ++c)
      by_position_[table_->positions[c]] = &writers_[c];
    plain_ = table_->file.settings.numbers.plain() && !has_kinds(schema.columns) &&
             !is_integer(schema.type);
  }

  [[nodiscard]] ElementType type() const override { return table_->schema->type; }
  [[nodiscard]] const std::vector<Column>& columns() const override {
    return table_->schema->names_known || has_kinds(table_->schema->columns)
               ? table_->schema->columns
               : RowReader::columns();
  }
  [[nodiscard]] bool may_miss_values() const override { return true; }

 private:
  void store(std::string_view line, std::byte* place) override {
    if (store_numbers(line, place)) return;
    const auto found = cells(line);
    for (std::size_t c = 0; c < writers_.size(); ++c) {
      const Column& column = writers_[c].column();
      try {
        writers_[c].store(found[table_->positions[c]],
                          place + column.features.begin * size_of(type()));
      } catch (const Error& error) {
        refuse_cell(column.name, error);
      }
    }
  }

  // A line of plain numbers needs no splitting.
  bool store_numbers(std::string_view line, std::byte* place) {
    if (!plain_ || patience_ == 0) return false;
    const auto columns = static_cast<Index>(by_position_.size());
    const Index width = size_of(type());
    const Index count = for_each_number(
        line, table_->file.settings.delimiter, [&](Index c, double value, std::string_view cell) {
          if (c >= columns) return;
          const CellWriter* const writer = by_position_[static_cast<std::size_t>(c)];
          if (writer == nullptr) return;
          try {
            writer->put(value, place + writer->column().features.begin * width);
          } catch (const Error&) {
            refuse_cell(writer->column().name,
                        Error(ErrorKind::data, shown(cell) + " is beyond the type's range"));
          }
        });
    constexpr int most_patience = 8;
    patience_ = count == columns ? most_patience : patience_ - 1;
    return count == columns;
  }

  std::vector<CellWriter> writers_;
  std::vector<const CellWriter*> by_position_;
  bool plain_ = false;
  int patience_ = 8;
};

class CsvLabels final : public CsvRows {
 public:
  explicit CsvLabels(std::shared_ptr<const CsvTable> table)
      : CsvRows(std::move(table)), codes_(codes_of(table_->schema->classes)) {
    shape_ = {table_->rows};
  }

  [[nodiscard]] ElementType type() const override { return ElementType::i64; }
  [[nodiscard]] const std::vector<std::string>& classes() const override {
    return table_->schema->classes;
  }

 private:
  void store(std::string_view line, std::byte* place) override {
    const std::string_view cell = cells(line)[*table_->label];
    try {
      if (codes_.empty()) return store_number(cell, ElementType::i64, place);
      const auto found = codes_.find(cell);
      if (found == codes_.end()) throw Error(ErrorKind::data, "a missing label");
      const std::int64_t number = found->second;
      std::memcpy(place, &number, sizeof(number));
    } catch (const Error& error) {
      refuse_cell(table_->file.columns[*table_->label], error);
    }
  }

  Codes codes_;
};

}  // namespace

std::unique_ptr<RowReader> csv_samples(std::shared_ptr<const CsvTable> table) {
  return std::make_unique<CsvSamples>(std::move(table));
}

std::unique_ptr<RowReader> csv_labels(std::shared_ptr<const CsvTable> table) {
  return std::make_unique<CsvLabels>(std::move(table));
}

}  // namespace hourglass
