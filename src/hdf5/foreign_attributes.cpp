#include "hdf5/foreign_attributes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "hdf5/text_elements.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

struct OpenAttribute {
  Handle handle;
  Handle type;
  Handle space;
  hssize_t count = 0;
};

OpenAttribute open_attribute(hid_t object, const char* attribute) {
  OpenAttribute open;
  if (!has_foreign_attribute(object, attribute)) return open;
  open.handle = Handle(H5Aopen(object, attribute, H5P_DEFAULT), H5Aclose);
  open.type = Handle(H5Aget_type(open.handle.get()), H5Tclose);
  open.space = Handle(H5Aget_space(open.handle.get()), H5Sclose);
  open.count = H5Sget_simple_extent_npoints(open.space.get());
  if (open.type.get() < 0 || open.count < 0) open.count = 0;
  H5Eclear2(H5E_DEFAULT);
  return open;
}

// The texts of a string type; none of another, and where they cannot be read.
std::vector<std::string> read_strings(hid_t type, hid_t space,
                                      FunctionRef<herr_t(hid_t memory, void* values)> read) {
  if (H5Tget_class(type) != H5T_STRING) return {};
  try {
    return read_text_elements(type, space, "", read);
  } catch (const Error&) {
    return {};
  }
}

// The rows of an array of single characters.
std::vector<std::string> joined_rows(const std::vector<std::string>& characters,
                                     std::size_t length) {
  std::vector<std::string> rows;
  for (std::size_t begin = 0; begin + length <= characters.size(); begin += length) {
    std::string row;
    for (std::size_t i = begin; i < begin + length; ++i) row += characters[i];
    rows.push_back(row.substr(0, row.find_last_not_of(' ') + 1));
  }
  return rows;
}

Number number_of(ElementType type, std::uint64_t bits) {
  if (!is_integer(type)) return std::bit_cast<double>(bits);
  if (name_of(type).starts_with('u')) return bits;
  return std::bit_cast<std::int64_t>(bits);
}

}  // namespace

bool has_foreign_attribute(hid_t object, const char* attribute) {
  const bool found = H5Aexists(object, attribute) > 0;
  H5Eclear2(H5E_DEFAULT);
  return found;
}

std::vector<std::string> texts_attribute(hid_t object, const char* attribute) {
  const OpenAttribute open = open_attribute(object, attribute);
  if (open.count < 1) return {};
  auto texts = read_strings(open.type.get(), open.space.get(), [&](hid_t memory, void* values) {
    return H5Aread(open.handle.get(), memory, values);
  });
  H5Eclear2(H5E_DEFAULT);
  return texts;
}

std::string text_attribute(hid_t object, const char* attribute) {
  const auto texts = texts_attribute(object, attribute);
  return texts.size() == 1 ? texts.front() : "";
}

std::vector<std::string> texts_of(hid_t dataset) {
  const Handle type(H5Dget_type(dataset), H5Tclose);
  const Handle space(H5Dget_space(dataset), H5Sclose);
  if (type.get() < 0 || space.get() < 0) return {};
  auto texts = read_strings(type.get(), space.get(), [&](hid_t memory, void* values) {
    return H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  });
  H5Eclear2(H5E_DEFAULT);
  const bool characters = H5Sget_simple_extent_ndims(space.get()) == 2 &&
                          H5Tis_variable_str(type.get()) <= 0 && H5Tget_size(type.get()) == 1;
  if (!characters) return texts;
  std::array<hsize_t, 2> sizes{};
  H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  return joined_rows(texts, std::max<std::size_t>(1, sizes[1]));
}

Numbers numbers_attribute(hid_t object, const char* attribute, const std::string& name) {
  constexpr hssize_t most_values = 1024;
  const OpenAttribute open = open_attribute(object, attribute);
  Numbers numbers;
  if (!has_foreign_attribute(object, attribute)) return numbers;
  if (open.count < 1 || open.count > most_values ||
      !element_type_of(open.type.get(), numbers.type)) {
    throw Error(ErrorKind::data, name + ": its attribute " + attribute +
                                     " is not a number, so its values cannot be told; correct or "
                                     "remove the attribute");
  }
  const bool is_signed = name_of(numbers.type).starts_with('i');
  const hid_t memory = !is_integer(numbers.type) ? H5T_NATIVE_DOUBLE
                       : is_signed               ? H5T_NATIVE_INT64
                                                 : H5T_NATIVE_UINT64;
  std::vector<std::uint64_t> values(static_cast<std::size_t>(open.count));
  checked(H5Aread(open.handle.get(), memory, values.data()), name, attribute);
  for (const std::uint64_t bits : values) numbers.values.push_back(number_of(numbers.type, bits));
  return numbers;
}

bool has_links(hid_t group, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(), [&](const char* name) {
    const bool found = H5Lexists(group, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return found;
  });
}

std::string path_of(hid_t object) {
  const ssize_t length = H5Iget_name(object, nullptr, 0);
  if (length <= 0) return "";
  std::string path(static_cast<std::size_t>(length) + 1, '\0');
  H5Iget_name(object, path.data(), path.size());
  path.pop_back();
  return path;
}

std::vector<std::string> referenced_paths(hid_t object, const char* attribute) {
  // More than any data set has axes.
  constexpr hssize_t most = hssize_t{1} << 24;
  const OpenAttribute open = open_attribute(object, attribute);
  if (open.count < 1 || open.count > most) return {};
  const auto path_to = [&](const hobj_ref_t& reference) {
    const Handle target(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
    return target.get() < 0 ? std::string() : path_of(target.get());
  };
  std::vector<std::string> paths;
  const H5T_class_t kind = H5Tget_class(open.type.get());
  if (kind == H5T_REFERENCE && H5Tequal(open.type.get(), H5T_STD_REF_OBJ) > 0) {
    std::vector<hobj_ref_t> references(static_cast<std::size_t>(open.count));
    if (H5Aread(open.handle.get(), H5T_STD_REF_OBJ, references.data()) >= 0)
      std::ranges::transform(references, std::back_inserter(paths), path_to);
  }
  if (kind == H5T_VLEN) {
    const Handle element(H5Tget_super(open.type.get()), H5Tclose);
    std::vector<hvl_t> lists(static_cast<std::size_t>(open.count));
    if (H5Tequal(element.get(), H5T_STD_REF_OBJ) > 0 &&
        H5Aread(open.handle.get(), open.type.get(), lists.data()) >= 0) {
      for (const hvl_t& list : lists)
        paths.push_back(list.len == 0 ? "" : path_to(*static_cast<const hobj_ref_t*>(list.p)));
      H5Dvlen_reclaim(open.type.get(), open.space.get(), H5P_DEFAULT, lists.data());
    }
  }
  H5Eclear2(H5E_DEFAULT);
  return paths;
}

}  // namespace hourglass::hdf5
