#include "hdf5/dataset_texts.hpp"

#include "hdf5/address_list.hpp"
#include "hdf5/array_dataset.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/text_list_attribute.hpp"

namespace hourglass {

std::vector<std::string> dataset_texts(const DatasetAddress& address,
                                       const std::string& attribute) {
  DatasetAddress first = names_several(address) ? expand_addresses(address).front() : address;
  if (names_side_by_side(first)) first = split_sides(first).front();
  if (names_array_file(first)) return {};
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(first.file);
  const std::string name = to_string(first);
  const hdf5::OpenedObject object =
      hdf5::open_object(file.get(), first.path, first.options.allow_external);
  if (object.kind != H5I_DATASET) return {};
  return hdf5::read_text_list(object.handle.get(), attribute, name);
}

}  // namespace hourglass
