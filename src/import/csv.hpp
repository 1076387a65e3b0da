#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// Splits lines of a CSV file into cells: blanks around a cell and quotes ("a ""b""") are taken
/// off.
class CsvSplitter {
 public:
  explicit CsvSplitter(char delimiter) : delimiter_(delimiter) {}

  /// The cells of one line (without its end), valid until the next call. Throws Error(data), with
  /// the reason alone, when a quote is not closed (cells that span lines are not read) or is
  /// followed by something else.
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

/// How to read a CSV file.
struct CsvSettings {
  char delimiter = '\0';  ///< 0: a tab, semicolon or comma, whichever the first line has
  std::string
      header;  ///< "true", "false"; "": the first line is one when no cell of it is a number
  std::string label_column;  ///< name, or number from 1 without a header; "": no labels
  std::vector<std::string> drop_columns;
  ElementType type = ElementType::f32;
};

/// Findings of the first pass.
struct CsvTable;

/// Counts the lines of `path`, shared among the ranks, and collects the labels' names. Collective.
/// Throws the same Error on every rank: Error(io) when the file cannot be read; Error(data) for one
/// without samples, two columns of one name, compressed files, a first line of numbers and texts
/// when settings.header does not say what it is; Error(usage) for a column that does not exist.
[[nodiscard]] std::shared_ptr<const CsvTable> scan_csv(const Communicator& communicator,
                                                       const std::string& path,
                                                       const CsvSettings& settings);

/// All columns but the labels and those dropped: N x D. Every line must have as many cells as the
/// first; empty lines do not count. Messages name the line.
[[nodiscard]] std::unique_ptr<RowReader> csv_samples(std::shared_ptr<const CsvTable> table);
/// The label column: int64. Texts are numbered in their order, which classes() gives.
[[nodiscard]] std::unique_ptr<RowReader> csv_labels(std::shared_ptr<const CsvTable> table);

}  // namespace hourglass
