#include "hdf5/compound_columns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

struct Field {
  std::string name;
  ElementType type = ElementType::f64;
  bool numeric = false;
  std::vector<hsize_t> shape;  ///< empty: one number
  Index count = 1;
};

Field field_of(hid_t type, unsigned number) {
  Field field;
  char* name = H5Tget_member_name(type, number);
  field.name = name == nullptr ? "" : name;
  H5free_memory(name);
  const Handle member(H5Tget_member_type(type, number), H5Tclose);
  if (H5Tget_class(member.get()) != H5T_ARRAY) {
    field.numeric = element_type_of(member.get(), field.type);
    return field;
  }
  const Handle element(H5Tget_super(member.get()), H5Tclose);
  field.numeric = element_type_of(element.get(), field.type);
  field.shape.resize(static_cast<std::size_t>(std::max(0, H5Tget_array_ndims(member.get()))));
  H5Tget_array_dims2(member.get(), field.shape.data());
  for (const hsize_t extent : field.shape)
    field.count = saturating_product(field.count, static_cast<Index>(extent));
  return field;
}

// Fields that are not numbers have no columns: the message says how to store the others.
[[noreturn]] void refuse(const std::vector<Field>& fields, const DatasetAddress& address) {
  std::string others;
  std::string numbers;
  for (const Field& field : fields) {
    std::string& list = field.numeric ? numbers : others;
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", field.name);
  }
  const std::string name = to_string(address);
  if (numbers.empty()) {
    throw Error(ErrorKind::data, fmt::format("{}: holds records, and none of their fields ({}) is "
                                             "a number; name another data set",
                                             name, others));
  }
  throw Error(ErrorKind::data,
              fmt::format("{}: holds records, and these fields are not numbers: {}; hourglass "
                          "import makes columns of texts and booleans; write the others: python3 "
                          "-c \"import h5py, numpy as n; x = h5py.File('{}')['{}']; "
                          "h5py.File('columns.h5', 'w')['x'] = n.column_stack([x[k] for k in "
                          "[{}]])\" and name columns.h5:/x",
                          name, others, address.file, address.path, numbers));
}

Index bytes_of(ElementType type) { return size_of(type); }
bool is_signed(ElementType type) { return name_of(type).starts_with('i'); }

ElementType signed_of(Index bytes) {
  switch (bytes) {
    case 1:
      return ElementType::i8;
    case 2:
      return ElementType::i16;
    case 4:
      return ElementType::i32;
    case 8:
      return ElementType::i64;
    default:
      return ElementType::f64;
  }
}

}  // namespace

ElementType common_type(ElementType a, ElementType b) {
  if (a == b) return a;
  if (!is_integer(a) || !is_integer(b)) {
    const auto wide = [](ElementType type) { return bytes_of(type) > (is_integer(type) ? 2 : 4); };
    return wide(a) || wide(b) ? ElementType::f64 : ElementType::f32;
  }
  if (is_signed(a) == is_signed(b)) return bytes_of(a) > bytes_of(b) ? a : b;
  const ElementType with_sign = is_signed(a) ? a : b;
  const ElementType without = is_signed(a) ? b : a;
  return signed_of(std::max(bytes_of(with_sign), 2 * bytes_of(without)));
}

CompoundColumns compound_columns(hid_t type, const DatasetAddress& address,
                                 const std::vector<std::string>& without) {
  const std::string name = to_string(address);
  if (describe_type(type) == "complex numbers") {
    throw Error(ErrorKind::data,
                fmt::format("{0}: holds complex numbers, which cannot be read; write their parts "
                            "as columns: python3 -c \"import h5py, numpy as n; x = "
                            "h5py.File('{1}')['{2}'][:]; h5py.File('parts.h5', 'w')['x'] = "
                            "n.concatenate([x.real, x.imag], 1)\" and name parts.h5:/x",
                            name, address.file, address.path));
  }
  std::vector<Field> fields;
  const int members = H5Tget_nmembers(type);
  for (int i = 0; i < members; ++i) {
    Field field = field_of(type, static_cast<unsigned>(i));
    if (std::ranges::find(without, field.name) == without.end()) fields.push_back(std::move(field));
  }
  const auto is_numeric = [](const Field& field) { return field.numeric; };
  if (fields.empty() || !std::ranges::all_of(fields, is_numeric)) refuse(fields, address);
  CompoundColumns columns;
  columns.type = fields.front().type;
  Index count = 0;
  for (const Field& field : fields) {
    columns.type = common_type(columns.type, field.type);
    count = std::min(largest_size, count + field.count);
  }
  constexpr Index most_columns = Index{1} << 24;
  if (count < 1 || count > most_columns)
    throw Error(ErrorKind::data, name + ": its header claims impossible records");
  const auto element = static_cast<std::size_t>(size_of(columns.type));
  columns.memory =
      Handle(checked(H5Tcreate(H5T_COMPOUND, static_cast<std::size_t>(count) * element), name,
                     "its records cannot be read"),
             H5Tclose);
  std::size_t offset = 0;
  for (const Field& field : fields) {
    const hid_t number = native_type(columns.type);
    const Handle array(field.shape.empty()
                           ? H5Tcopy(number)
                           : H5Tarray_create2(number, static_cast<unsigned>(field.shape.size()),
                                              field.shape.data()),
                       H5Tclose);
    checked(H5Tinsert(columns.memory.get(), field.name.c_str(), offset, array.get()), name,
            "its records cannot be read");
    offset += static_cast<std::size_t>(field.count) * element;
    for (Index i = 0; i < field.count; ++i) {
      columns.names.push_back(field.shape.empty() ? field.name
                                                  : fmt::format("{}[{}]", field.name, i));
    }
  }
  return columns;
}

}  // namespace hourglass::hdf5
