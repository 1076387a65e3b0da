#include "data/text_values.hpp"

#include <algorithm>

#include "core/text_list.hpp"
#include "hdf5/array_dataset.hpp"
#include "hdf5/filters.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/text_elements.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;

namespace {

bool is_text(hid_t type) { return H5Tget_class(type) == H5T_STRING; }

// Without the blanks that fill texts of a fixed length.
std::vector<std::string> read_texts(hid_t type, hid_t space, const std::string& name,
                                    FunctionRef<herr_t(hid_t memory, void* values)> read) {
  std::vector<std::string> texts = hdf5::read_text_elements(type, space, name, read);
  if (H5Tis_variable_str(type) > 0) return texts;
  for (std::string& text : texts) text.erase(text.find_last_not_of(' ') + 1);
  return texts;
}

struct Opened {
  Handle file;
  hdf5::OpenedObject object;
};

Opened open(const DatasetAddress& address) {
  Opened opened;
  if (address.options.allow_external) hdf5::allow_plugins();
  opened.file = hdf5::open_file(address.file);
  opened.object =
      hdf5::open_object(opened.file.get(), address.path, address.options.allow_external);
  return opened;
}

bool has_dataset(hid_t group, const char* name) {
  const bool found = H5Lexists(group, name, H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  return found;
}

}  // namespace

StoredKind stored_kind(const DatasetAddress& address) {
  const hdf5::Lock lock;
  try {
    if (names_array_file(address)) {
      const ArrayDataset array(address);
      return StoredKind::numbers;
    }
    const Opened opened = open(address);
    const hid_t id = opened.object.handle.get();
    if (opened.object.kind == H5I_GROUP)
      return has_dataset(id, "codes") && has_dataset(id, "categories") ? StoredKind::categories
                                                                       : StoredKind::other;
    if (opened.object.kind != H5I_DATASET) return StoredKind::nothing;
    const Handle type(H5Dget_type(id), H5Tclose);
    ElementType element{};
    if (is_text(type.get())) return StoredKind::texts;
    return hdf5::element_type_of(type.get(), element) ? StoredKind::numbers : StoredKind::other;
  } catch (const Error&) {
    return StoredKind::nothing;
  }
}

std::vector<std::string> read_text_values(const DatasetAddress& address) {
  const hdf5::Lock lock;
  const std::string name = to_string(address);
  const Opened opened = open(address);
  if (opened.object.kind != H5I_DATASET)
    throw Error(ErrorKind::data,
                name + ": no such data set; " + hdf5::listing(opened.file.get(), address.path));
  const hid_t dataset = opened.object.handle.get();
  const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
  const Handle space(checked(H5Dget_space(dataset), name, "its shape cannot be read"), H5Sclose);
  const int dimensions = H5Sget_simple_extent_ndims(space.get());
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(1, dimensions)), 1);
  if (dimensions > 0) H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  const bool column = dimensions == 1 || (dimensions == 2 && shape[1] == 1);
  if (!is_text(type.get()) || !column)
    throw Error(ErrorKind::data, name + ": is not a column of text");
  return read_texts(type.get(), space.get(), name, [&](hid_t memory, void* values) {
    return H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  });
}

std::vector<std::string> read_text_attribute(const DatasetAddress& address,
                                             const std::string& attribute) {
  if (names_array_file(address)) return {};
  const hdf5::Lock lock;
  const std::string name = to_string(address) + ": attribute " + attribute;
  const Opened opened = open(address);
  const hid_t object = opened.object.handle.get();
  if (object < 0 || H5Aexists(object, attribute.c_str()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return {};
  }
  const Handle handle(
      checked(H5Aopen(object, attribute.c_str(), H5P_DEFAULT), name, "cannot be read"), H5Aclose);
  const Handle type(checked(H5Aget_type(handle.get()), name, "cannot be read"), H5Tclose);
  const Handle space(checked(H5Aget_space(handle.get()), name, "cannot be read"), H5Sclose);
  if (!is_text(type.get())) return {};
  std::vector<std::string> texts =
      read_texts(type.get(), space.get(), name,
                 [&](hid_t memory, void* values) { return H5Aread(handle.get(), memory, values); });
  if (H5Sget_simple_extent_ndims(space.get()) == 0 && texts.size() == 1)
    return split_list(texts.front(), '\n');
  return texts;
}

}  // namespace hourglass
