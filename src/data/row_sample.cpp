#include "data/row_sample.hpp"

#include <algorithm>
#include <type_traits>

#include "core/element.hpp"

namespace hourglass {

namespace {

constexpr Index most_blocks = 32;
constexpr Index most_rows_per_block = 32;
constexpr Index most_bytes = Index{32} << 20;

std::vector<Range> choose_blocks(const DatasetInfo& info) {
  const Index affordable = std::max<Index>(4, most_bytes / std::max<Index>(1, info.row_bytes()));
  const Index blocks = std::clamp<Index>(std::min(affordable / 2, info.rows() / 2), 1, most_blocks);
  const Index rows = std::clamp<Index>(affordable / blocks, 1, most_rows_per_block);
  std::vector<Range> result;
  for (Index b = 0; b < blocks; ++b) {
    const Range part = even_part(info.rows(), blocks, b);
    result.push_back({part.begin, std::min(part.end, part.begin + rows)});
  }
  return result;
}

}  // namespace

RowSample::RowSample(const DatasetReader& reader)
    : type_(reader.info().type),
      row_bytes_(reader.info().row_bytes()),
      blocks_(choose_blocks(reader.info())) {
  bytes_ = Buffer<std::byte>(rows() * row_bytes_);
  Index offset = 0;
  for (const Range& block : blocks_) {
    const Index size = block.size() * row_bytes_;
    reader.read_rows(block, bytes_.span().subspan(static_cast<std::size_t>(offset),
                                                  static_cast<std::size_t>(size)));
    offset += size;
  }
}

Index RowSample::rows() const {
  Index count = 0;
  for (const Range& block : blocks_) count += block.size();
  return count;
}

std::vector<double> RowSample::feature(Index c) const {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(rows()));
  with_element(type_, [&]<class T>(std::type_identity<T>) {
    for (Index i = 0; i < rows(); ++i)
      values.push_back(
          static_cast<double>(load_element<T>(stored(i), static_cast<std::size_t>(c))));
  });
  return values;
}

}  // namespace hourglass
