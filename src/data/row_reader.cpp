#include "hourglass/data/row_reader.hpp"

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

std::string shape_text(const std::vector<Index>& shape) {
  std::string text;
  for (const Index extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

Index checked_bytes(const std::vector<Index>& shape, Index element_bytes) {
  constexpr Index largest = Index{1} << 62;
  Index bytes = element_bytes;
  for (const Index extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > largest) return -1;
  }
  return bytes;
}

}  // namespace hourglass
