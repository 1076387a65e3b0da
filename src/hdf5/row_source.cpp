#include "hdf5/row_source.hpp"

#include <utility>

#include "hdf5/address_list.hpp"
#include "hdf5/channels_last.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hdf5/ordered_columns.hpp"
#include "hdf5/stored_dataset.hpp"

namespace hourglass {

void RowSource::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  const auto row_bytes = static_cast<std::size_t>(info().row_bytes());
  for (const Range& run : runs) {
    const std::size_t size = static_cast<std::size_t>(run.size()) * row_bytes;
    read_rows(run, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

namespace {

std::unique_ptr<RowSource> open_named(const DatasetAddress& address) {
  if (names_several(address)) return std::make_unique<JoinedDataset>(address);
  return std::make_unique<StoredDataset>(address);
}

}  // namespace

std::unique_ptr<RowSource> open_rows(const DatasetAddress& address) {
  if (!address.options.column_order.empty()) return std::make_unique<OrderedColumns>(address);
  const Index channels = address.options.leading_channels;
  DatasetAddress named = address;
  named.options.leading_channels = 0;
  std::unique_ptr<RowSource> rows = open_named(named);
  if (channels > 0) rows = std::make_unique<ChannelsLast>(std::move(rows), channels);
  return rows;
}

}  // namespace hourglass
