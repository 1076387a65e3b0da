#include "hdf5/row_numbers.hpp"

#include "hdf5/row_source.hpp"
#include "hdf5/row_split.hpp"

namespace hourglass {

RowNumbers::RowNumbers(const DatasetReader& reader) : reader_(&reader) {
  const DatasetAddress& address = reader.info().address;
  if (chooses_rows(address.options.views)) chosen_ = chosen_of(*open_whole(address), address);
}

Index RowNumbers::of(Index sample) const {
  const Index row = reader_->first_time_step(sample);
  return chosen_ ? chosen_->row(row) : row;
}

}  // namespace hourglass
