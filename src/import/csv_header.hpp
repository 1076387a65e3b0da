#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hourglass/comm/communicator.hpp"
#include "import/csv.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

/// A CSV file, and where its records lie.
struct CsvFile {
  std::string path;
  CsvSettings settings;              ///< with the delimiter that was found
  std::vector<std::string> columns;  ///< their names, or numbers from 1
  bool has_header = false;
  std::optional<std::size_t> index;  ///< the column that pandas writes without a name
  std::vector<std::string> notes;    ///< what was guessed, for the user
  Index begin = 0;                   ///< the first byte after the header
  Index header_lines = 0;
  // By rank:
  std::vector<Range> bytes;
};

/// Looks at the beginning of the file. Local. Throws as scan_csv.
[[nodiscard]] CsvFile read_header(const ByteFile& file, const CsvSettings& settings);

/// Divides the records among the ranks. Collective.
void divide_records(const Communicator& communicator, const ByteFile& file, CsvFile& csv);

/// The position of a column. Throws Error(usage) that lists the columns.
[[nodiscard]] std::size_t find_column(const CsvFile& csv, const std::string& name);

}  // namespace hourglass
