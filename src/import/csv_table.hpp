#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "import/csv_header.hpp"
#include "import/csv_schema.hpp"

namespace hourglass {

/// Findings of the first pass.
struct CsvTable {
  CsvFile file;
  std::shared_ptr<const CsvSchema> schema;
  std::vector<std::size_t> positions;  ///< in a record, of the schema's columns
  std::optional<std::size_t> label;
  Index rows = 0;
  // By rank:
  std::vector<Range> row_parts;
  std::vector<Index> first_line;  ///< number of its first line in the file, from 1
};

}  // namespace hourglass
