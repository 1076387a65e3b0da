#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/csv.hpp"

namespace hourglass {

struct CsvTable {
  std::string path;
  CsvSettings settings;
  std::vector<std::string> columns;   ///< their names, or numbers from 1
  std::vector<std::size_t> features;  ///< the columns that are samples
  std::optional<std::size_t> label;
  std::vector<std::string> classes;  ///< empty when labels are whole numbers
  Index begin = 0;                   ///< the first byte after the header
  bool has_header = false;
  Index rows = 0;
  // By rank:
  std::vector<Range> bytes;
  std::vector<Range> row_parts;
  std::vector<Index> first_line;  ///< number of its first line in the file, from 1
};

}  // namespace hourglass
