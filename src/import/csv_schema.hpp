#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "import/csv_guess.hpp"
#include "import/csv_header.hpp"

namespace hourglass {

/// What the first pass has found in one file.
struct CsvFindings {
  CsvFile file;
  std::vector<ColumnGuess> guesses;            ///< by column of the file
  std::set<std::string, std::less<>> classes;  ///< the texts of its labels
};

/// A file's columns as the schema has them.
struct CsvPlaces {
  std::vector<std::size_t> positions;
  std::optional<std::size_t> label;
};

/// The schema of the files, and in `places` where each of them has its columns. The same on every
/// rank that has the same findings. Throws as scan_csv.
[[nodiscard]] CsvSchema make_schema(const std::vector<CsvFindings>& files,
                                    std::vector<CsvPlaces>& places);

/// The kind of a column from what its cells are. Throws Error(data) where that is not plain,
/// naming line and column and how to go on.
struct DecidedColumn {
  Column column;
  DateFormat dates;
  bool needs_double = false;
};
[[nodiscard]] DecidedColumn decide_column(const std::string& path, const std::string& name,
                                          const ColumnGuess& guess, const CsvSettings& settings);

}  // namespace hourglass
