#include "hdf5/ordered_columns.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Bytes of whole rows held besides the result.
constexpr Index block_bytes = Index{1} << 20;

DatasetAddress without_order(DatasetAddress address) {
  address.options.column_order.clear();
  address.options.ordered_shape.clear();
  return address;
}

}  // namespace

OrderedColumns::OrderedColumns(const DatasetAddress& address)
    : rows_(open_rows(without_order(address))), info_(rows_->info()) {
  const std::vector<Index>& order = address.options.column_order;
  const std::vector<std::string> names = info_.feature_names;
  const Index columns = info_.features();
  info_.feature_names.clear();
  for (const Index column : order) {
    if (column < 0 || column >= columns) {
      throw Error(ErrorKind::data,
                  to_string(address) + ": has another number of columns than a moment ago");
    }
    if (!names.empty()) info_.feature_names.push_back(names.at(static_cast<std::size_t>(column)));
  }
  info_.address.options.column_order = order;
  info_.address.options.ordered_shape = address.options.ordered_shape;
  info_.shape.resize(1);
  if (address.options.ordered_shape.empty()) {
    info_.shape.push_back(static_cast<Index>(order.size()));
  } else {
    info_.shape.insert(info_.shape.end(), address.options.ordered_shape.begin(),
                       address.options.ordered_shape.end());
  }
  if (info_.entries.known()) {
    places_.assign(static_cast<std::size_t>(columns), -1);
    for (std::size_t k = 0; k < order.size(); ++k) {
      std::int32_t& place = places_[static_cast<std::size_t>(order[k])];
      // An order that gives a column twice cannot be told by places.
      if (place >= 0) info_.entries = {};
      place = static_cast<std::int32_t>(k);
    }
  }
  // Chunks of the stored columns say nothing of these.
  info_.steps = {};
  info_.chunked = false;
  info_.chunk.clear();
}

void OrderedColumns::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  const Index first = rows.rows();
  rows_->read_sparse(runs, rows);
  replace_columns(rows, first, places_);
}

void OrderedColumns::read_rows(Range rows, std::span<std::byte> bytes) const {
  const std::vector<Index>& order = info_.address.options.column_order;
  const Index stored_bytes = rows_->info().row_bytes();
  const auto element = static_cast<std::size_t>(size_of(info_.type));
  const Index block = std::clamp<Index>(block_bytes / stored_bytes, 1, rows.size());
  std::vector<std::byte> stored(static_cast<std::size_t>(block * stored_bytes));
  std::byte* target = bytes.data();
  for (Index begin = rows.begin; begin < rows.end; begin += block) {
    const Range part{begin, std::min(rows.end, begin + block)};
    rows_->read_rows(part,
                     std::span(stored).first(static_cast<std::size_t>(part.size() * stored_bytes)));
    for (Index r = 0; r < part.size(); ++r) {
      const std::byte* row = stored.data() + r * stored_bytes;
      for (const Index column : order) {
        std::memcpy(target, row + static_cast<std::size_t>(column) * element, element);
        target += element;
      }
    }
  }
}

}  // namespace hourglass
