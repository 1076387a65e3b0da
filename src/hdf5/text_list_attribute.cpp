#include "hdf5/text_list_attribute.hpp"

#include <algorithm>

#include "hdf5/hdf5_attributes.hpp"
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

std::vector<std::string> read_long(hid_t attribute, std::size_t count, const std::string& name,
                                   const std::string& what) {
  const Handle type = long_text_type(name);
  const Handle space(checked(H5Aget_space(attribute), name, what.c_str()), H5Sclose);
  std::vector<char*> pointers(count, nullptr);
  checked(H5Aread(attribute, type.get(), pointers.data()), name, what.c_str());
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data());
  return texts;
}

std::vector<std::string> read_fixed(hid_t attribute, hid_t type, std::size_t count,
                                    const std::string& name, const std::string& what) {
  const std::size_t bytes = H5Tget_size(type);
  std::string buffer(bytes * count, '\0');
  checked(H5Aread(attribute, type, buffer.data()), name, what.c_str());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = std::string_view(buffer).substr(i * bytes, bytes);
    texts.emplace_back(text.substr(0, text.find('\0')));
  }
  return texts;
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
  // An attribute is small by its format; a damaged one may claim more.
  constexpr hssize_t most = hssize_t{1} << 24;
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || count > most || H5Tget_size(type.get()) > static_cast<std::size_t>(most))
    throw Error(ErrorKind::data, name + ": " + what);
  if (count == 0) return {};
  if (H5Tis_variable_str(type.get()) > 0)
    return read_long(handle.get(), static_cast<std::size_t>(count), name, what);
  return read_fixed(handle.get(), type.get(), static_cast<std::size_t>(count), name, what);
}

}  // namespace hdf5

}  // namespace hourglass
