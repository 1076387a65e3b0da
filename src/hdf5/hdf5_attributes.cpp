#include "hdf5/hdf5_attributes.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "system/posix_file.hpp"

namespace hourglass::hdf5 {

namespace {

// The format's limit for an attribute is 64 KiB with its name and type.
constexpr std::size_t longest_attribute = 32768;

Handle text_type(std::size_t bytes, const std::string& name) {
  Handle type(written(H5Tcopy(H5T_C_S1), name, "no text type"), H5Tclose);
  written(H5Tset_size(type.get(), bytes == 0 ? 1 : bytes), name, "no text type");
  written(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), name, "no text type");
  written(H5Tset_cset(type.get(), H5T_CSET_UTF8), name, "no text type");
  return type;
}

Handle scalar(const std::string& name) {
  return {written(H5Screate(H5S_SCALAR), name, "no scalar space"), H5Sclose};
}

Handle without_times(hid_t property_class, const std::string& name) {
  Handle creation(written(H5Pcreate(property_class), name, "no creation properties"), H5Pclose);
  written(H5Pset_obj_track_times(creation.get(), 0), name, "no creation properties");
  return creation;
}

// The bytes a fixed-length text of this type takes; anything else is refused.
std::size_t text_bytes(hid_t type, const std::string& attribute, const std::string& name,
                       Index file_bytes) {
  const std::size_t bytes = H5Tget_size(type);
  const bool fixed = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
  if (!fixed || bytes == 0 || bytes > static_cast<std::size_t>(file_bytes)) {
    throw Error(ErrorKind::data, name + ": corrupted: " + attribute +
                                     " is not the text it should be; use another copy");
  }
  return bytes;
}

// More than one value would be read beyond the memory for one.
void require_single(hid_t space, const std::string& attribute, const std::string& name) {
  if (H5Sget_simple_extent_npoints(space) != 1) {
    throw Error(ErrorKind::data,
                name + ": corrupted: " + attribute + " is not a single value; use another copy");
  }
}

void strip_padding(std::string& text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
}

}  // namespace

void throw_write_failure(const std::string& name, const char* what, const std::string& reason) {
  constexpr std::string_view mark = "errno = ";
  const std::size_t place = reason.find(mark);
  if (place != std::string::npos) {
    const int error = std::atoi(reason.c_str() + place + mark.size());
    if (error > 0) posix::throw_write_error(error, name, 0);
  }
  throw Error(ErrorKind::io, name + ": " + what + " (" + reason + ")");
}

Handle make_group(hid_t file, const std::string& path, const std::string& name) {
  const Lock lock;
  const Handle creation = without_times(H5P_GROUP_CREATE, name);
  Handle group(written(H5Gopen2(file, "/", H5P_DEFAULT), name, "its root cannot be opened"),
               H5Gclose);
  for (std::size_t begin = 1; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const bool exists = written(H5Lexists(group.get(), part.c_str(), H5P_DEFAULT), name,
                                "a group cannot be made") > 0;
    const hid_t next =
        exists ? H5Gopen2(group.get(), part.c_str(), H5P_DEFAULT)
               : H5Gcreate2(group.get(), part.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT);
    group = Handle(written(next, name, "a group cannot be made"), H5Gclose);
    begin = end + 1;
  }
  return group;
}

void write_text(hid_t object, const std::string& attribute, const std::string& text,
                const std::string& name) {
  const Lock lock;
  require(text.find('\0') == std::string::npos, "a zero byte in a text to be stored");
  const Handle type = text_type(text.size(), name);
  const Handle space = scalar(name);
  // The library reads a byte even of an empty text: c_str() has one.
  if (text.size() <= longest_attribute) {
    const Handle handle(written(H5Acreate2(object, attribute.c_str(), type.get(), space.get(),
                                           H5P_DEFAULT, H5P_DEFAULT),
                                name, "an attribute cannot be written"),
                        H5Aclose);
    written(H5Awrite(handle.get(), type.get(), text.c_str()), name,
            "an attribute cannot be written");
    return;
  }
  const Handle creation = without_times(H5P_DATASET_CREATE, name);
  const Handle handle(written(H5Dcreate2(object, attribute.c_str(), type.get(), space.get(),
                                         H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                              name, "a text cannot be written"),
                      H5Dclose);
  written(H5Dwrite(handle.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.c_str()), name,
          "a text cannot be written");
}

void write_integer(hid_t object, const std::string& attribute, std::int64_t value,
                   const std::string& name) {
  const Lock lock;
  const Handle space = scalar(name);
  const Handle handle(written(H5Acreate2(object, attribute.c_str(), H5T_STD_I64LE, space.get(),
                                         H5P_DEFAULT, H5P_DEFAULT),
                              name, "an attribute cannot be written"),
                      H5Aclose);
  written(H5Awrite(handle.get(), H5T_NATIVE_INT64, &value), name, "an attribute cannot be written");
}

bool has_attribute(hid_t object, const std::string& attribute) {
  const Lock lock;
  const bool found = H5Aexists(object, attribute.c_str()) > 0 ||
                     H5Lexists(object, attribute.c_str(), H5P_DEFAULT) > 0;
  H5Eclear2(H5E_DEFAULT);
  return found;
}

std::string read_text(hid_t object, const std::string& attribute, const std::string& name,
                      Index file_bytes) {
  const Lock lock;
  std::string text;
  const std::string what = "corrupted: " + attribute + " cannot be read";
  if (H5Aexists(object, attribute.c_str()) > 0) {
    const Handle handle(
        checked(H5Aopen(object, attribute.c_str(), H5P_DEFAULT), name, what.c_str()), H5Aclose);
    const Handle type(checked(H5Aget_type(handle.get()), name, what.c_str()), H5Tclose);
    const Handle space(checked(H5Aget_space(handle.get()), name, what.c_str()), H5Sclose);
    text.resize(text_bytes(type.get(), attribute, name, file_bytes));
    require_single(space.get(), attribute, name);
    checked(H5Aread(handle.get(), type.get(), text.data()), name, what.c_str());
  } else {
    bool external = false;
    const Handle access = no_external_links(H5P_DATASET_ACCESS, &external);
    const Handle handle(
        checked(H5Dopen2(object, attribute.c_str(), access.get()), name, what.c_str()), H5Dclose);
    const Handle type(checked(H5Dget_type(handle.get()), name, what.c_str()), H5Tclose);
    const Handle space(checked(H5Dget_space(handle.get()), name, what.c_str()), H5Sclose);
    text.resize(text_bytes(type.get(), attribute, name, file_bytes));
    require_single(space.get(), attribute, name);
    checked(H5Dread(handle.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()), name,
            what.c_str());
  }
  strip_padding(text);
  return text;
}

std::int64_t read_integer(hid_t object, const std::string& attribute, const std::string& name) {
  const Lock lock;
  const std::string what = "corrupted: " + attribute + " cannot be read";
  const Handle handle(checked(H5Aopen(object, attribute.c_str(), H5P_DEFAULT), name, what.c_str()),
                      H5Aclose);
  const Handle type(checked(H5Aget_type(handle.get()), name, what.c_str()), H5Tclose);
  const Handle space(checked(H5Aget_space(handle.get()), name, what.c_str()), H5Sclose);
  require_single(space.get(), attribute, name);
  if (H5Tget_class(type.get()) != H5T_INTEGER) {
    throw Error(ErrorKind::data,
                name + ": corrupted: " + attribute + " is not a number; use another copy");
  }
  std::int64_t value = 0;
  checked(H5Aread(handle.get(), H5T_NATIVE_INT64, &value), name, what.c_str());
  return value;
}

}  // namespace hourglass::hdf5
