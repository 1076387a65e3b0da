#include "hdf5/text_list_attribute.hpp"

#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/text_elements.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace hdf5 {

namespace {

Handle long_text_type(const std::string& name) {
  Handle type(written(H5Tcopy(H5T_C_S1), name, "no text type"), H5Tclose);
  written(H5Tset_size(type.get(), H5T_VARIABLE), name, "no text type");
  written(H5Tset_cset(type.get(), H5T_CSET_UTF8), name, "no text type");
  return type;
}

void write_pointers(hid_t object, const std::string& attribute, hid_t space,
                    const std::vector<const char*>& texts, const std::string& name) {
  const Handle type = long_text_type(name);
  const Handle handle(
      written(H5Acreate2(object, attribute.c_str(), type.get(), space, H5P_DEFAULT, H5P_DEFAULT),
              name, "an attribute cannot be written"),
      H5Aclose);
  if (texts.empty()) return;
  written(H5Awrite(handle.get(), type.get(), texts.data()), name, "an attribute cannot be written");
}

}  // namespace

void write_text_list(hid_t object, const std::string& attribute,
                     const std::vector<std::string>& texts, const std::string& name) {
  const Lock lock;
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const hsize_t count = texts.size();
  const Handle space(written(H5Screate_simple(1, &count, nullptr), name, "no space of texts"),
                     H5Sclose);
  write_pointers(object, attribute, space.get(), pointers, name);
}

void write_long_text(hid_t object, const std::string& attribute, const std::string& text,
                     const std::string& name) {
  const Lock lock;
  const Handle space(written(H5Screate(H5S_SCALAR), name, "no scalar space"), H5Sclose);
  write_pointers(object, attribute, space.get(), {text.c_str()}, name);
}

std::vector<std::string> read_text_list(hid_t object, const std::string& attribute,
                                        const std::string& name) {
  const Lock lock;
  const bool exists = H5Aexists(object, attribute.c_str()) > 0;
  H5Eclear2(H5E_DEFAULT);
  if (!exists) return {};
  const std::string what = "its attribute " + attribute + " cannot be read";
  const Handle handle(checked(H5Aopen(object, attribute.c_str(), H5P_DEFAULT), name, what.c_str()),
                      H5Aclose);
  const Handle type(checked(H5Aget_type(handle.get()), name, what.c_str()), H5Tclose);
  const Handle space(checked(H5Aget_space(handle.get()), name, what.c_str()), H5Sclose);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Sget_simple_extent_ndims(space.get()) > 1)
    throw Error(ErrorKind::data, name + ": its attribute " + attribute + " is not a list of texts");
  return read_text_elements(
      type.get(), space.get(), name + ": " + what,
      [&](hid_t memory, void* values) { return H5Aread(handle.get(), memory, values); });
}

}  // namespace hdf5

}  // namespace hourglass
