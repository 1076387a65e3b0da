#include "import/row_reader.hpp"

#include <algorithm>

namespace hourglass {

Index RowReader::row_bytes() const {
  Index bytes = size_of(type());
  for (std::size_t d = 1; d < shape().size(); ++d) bytes *= shape()[d];
  return bytes;
}

const std::vector<std::string>& RowReader::classes() const {
  static const std::vector<std::string> none;
  return none;
}

const std::vector<Column>& RowReader::columns() const {
  static const std::vector<Column> none;
  return none;
}

void RowReader::read_and_drop(Range rows) {
  constexpr Index at_once = Index{1} << 20;
  const Index count = std::clamp<Index>(at_once / row_bytes(), 1, std::max<Index>(rows.size(), 1));
  std::vector<std::byte> bytes(static_cast<std::size_t>(count * row_bytes()));
  for (Index row = rows.begin; row < rows.end; row += count) {
    const Range some{row, std::min(rows.end, row + count)};
    read_rows(some, std::span(bytes).first(static_cast<std::size_t>(some.size() * row_bytes())));
  }
}

}  // namespace hourglass
