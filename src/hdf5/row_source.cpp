#include "hdf5/row_source.hpp"

#include "hdf5/address_list.hpp"
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

std::unique_ptr<RowSource> open_rows(const DatasetAddress& address) {
  if (!address.options.column_order.empty()) return std::make_unique<OrderedColumns>(address);
  if (names_several(address)) return std::make_unique<JoinedDataset>(address);
  return std::make_unique<StoredDataset>(address);
}

}  // namespace hourglass
