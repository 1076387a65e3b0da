#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/columns.hpp"
#include "data/date_time.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/csv_number.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// Splits records of a CSV file into cells: blanks around a cell and quotes ("a ""b""") are taken
/// off.
class CsvSplitter {
 public:
  explicit CsvSplitter(char delimiter) : delimiter_(delimiter) {}

  /// The cells of one record (without its end), valid until the next call. Throws Error(data), with
  /// the reason alone, when a quote is not closed or is followed by something else.
  std::span<const std::string_view> split(std::string_view line);

 private:
  [[nodiscard]] std::string_view quoted_cell(std::string_view line, std::size_t& place);

  char delimiter_;
  std::string unquoted_;
  std::vector<std::string_view> cells_;
};

/// Writes the number in `cell` as an element of `type`. Throws Error(data), with the reason alone:
/// a missing value (nothing, NA, NaN, null, ...), not a number, infinite, or beyond the type.
void store_number(std::string_view cell, ElementType type, std::byte* element);

/// Columns and classes that other data have, to be given to these.
struct CsvPattern {
  std::string name;  ///< of the data set, for messages
  std::vector<Column> columns;
  std::vector<std::string> classes;
};

/// How to read a CSV file.
struct CsvSettings {
  char delimiter = '\0';  ///< 0: a tab, semicolon or comma, whichever the first line has
  std::string
      header;  ///< "true", "false"; "": the first line is one when no cell of it is a number
  std::string label_column;  ///< name, or number from 1 without a header; "": no labels
  std::vector<std::string> drop_columns;
  std::vector<std::string> categorical;  ///< columns to make one-hot
  std::vector<std::string> numeric;      ///< columns that hold numbers and nothing else
  NumberFormat numbers;
  std::string date_order;  ///< "dmy", "mdy"; "": as the dates make plain
  /// Nothing: float32, or float64 where float32 would lose digits.
  std::optional<ElementType> type;
  std::optional<CsvPattern> like;
};

/// The columns that several tables share.
struct CsvSchema {
  std::vector<Column> columns;
  std::vector<DateFormat> dates;     ///< by column; of dates
  std::vector<std::string> classes;  ///< of the labels; empty when they are whole numbers
  ElementType type = ElementType::f32;
  bool names_known = false;        ///< the first table has a header
  std::vector<std::string> notes;  ///< what was found and guessed, for the user
};

/// Findings of the first pass.
struct CsvTable;

/// Reads the files once, shared among the ranks: counts records, finds the kinds of the columns
/// with their categories, and the names of the labels. Columns of several files are matched by name
/// where the files have headers. Collective. Throws the same Error on every rank: Error(io) when a
/// file cannot be read; Error(data) for one without samples, two columns of one name, compressed
/// files, a first line of numbers and texts when settings.header does not say what it is, records
/// of another number of cells, columns that hold numbers and texts, or more texts than categories
/// should have, files with other columns than the first; Error(usage) for a column that does not
/// exist.
[[nodiscard]] std::vector<std::shared_ptr<const CsvTable>> scan_csv(
    const Communicator& communicator, std::span<const std::string> paths,
    const CsvSettings& settings);

/// What the tables have in common.
[[nodiscard]] const CsvSchema& schema_of(const CsvTable& table);

/// All columns but the labels and those dropped: N x D features. Empty lines do not count. A
/// missing cell is NaN. Messages name the line.
[[nodiscard]] std::unique_ptr<RowReader> csv_samples(std::shared_ptr<const CsvTable> table);
/// The label column: int64. Texts are numbered in their order, which classes() gives.
[[nodiscard]] std::unique_ptr<RowReader> csv_labels(std::shared_ptr<const CsvTable> table);

}  // namespace hourglass
