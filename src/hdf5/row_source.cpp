#include "hdf5/row_source.hpp"

#include "hdf5/address_list.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hdf5/ordered_columns.hpp"
#include "hdf5/stored_dataset.hpp"

namespace hourglass {

std::unique_ptr<RowSource> open_rows(const DatasetAddress& address) {
  if (!address.options.column_order.empty()) return std::make_unique<OrderedColumns>(address);
  if (names_several(address)) return std::make_unique<JoinedDataset>(address);
  return std::make_unique<StoredDataset>(address);
}

}  // namespace hourglass
