#include <array>
#include <numeric>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass {

Index DatasetInfo::features() const {
  if (shape.empty()) return 0;
  return std::accumulate(shape.begin() + 1, shape.end(), Index{1}, std::multiplies<>());
}

namespace hdf5 {

bool element_type_of(hid_t type, ElementType& element) {
  const Lock lock;
  const std::size_t bytes = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return integer_type(static_cast<Index>(bytes), H5Tget_sign(type) == H5T_SGN_2, element);
    case H5T_ENUM:
      // h5py stores booleans as an enumeration of one byte.
      element = ElementType::u8;
      return bytes == 1;
    case H5T_FLOAT:
      element = bytes == 8 ? ElementType::f64 : ElementType::f32;
      return bytes == 2 || bytes == 4 || bytes == 8;
    default:
      return false;
  }
}

std::string describe_type(hid_t type) {
  const Lock lock;
  const std::size_t bytes = H5Tget_size(type);
  ElementType element{};
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      // h5py's complex numbers are a compound of two members, r and i.
      if (H5Tget_nmembers(type) == 2 && H5Tget_member_index(type, "r") == 0 &&
          H5Tget_member_index(type, "i") == 1) {
        return "complex numbers";
      }
      H5Eclear2(H5E_DEFAULT);
      return "compound";
    case H5T_ENUM:
      return bytes == 1 ? "bool or enumeration" : "enumeration";
    case H5T_VLEN:
      return "variable-length";
    case H5T_ARRAY:
      return "arrays";
    case H5T_OPAQUE:
      return "opaque";
    case H5T_REFERENCE:
      return "references";
    case H5T_BITFIELD:
      return "bit field";
    case H5T_TIME:
      return "time";
    case H5T_FLOAT:
      return "float" + std::to_string(8 * bytes);
    case H5T_INTEGER:
      return element_type_of(type, element) ? std::string(name_of(element))
                                            : "int" + std::to_string(8 * bytes);
    default:
      return "unknown";
  }
}

hid_t native_type(ElementType element) {
  const Lock lock;
  switch (element) {
    case ElementType::u8:
      return H5T_NATIVE_UINT8;
    case ElementType::i8:
      return H5T_NATIVE_INT8;
    case ElementType::u16:
      return H5T_NATIVE_UINT16;
    case ElementType::i16:
      return H5T_NATIVE_INT16;
    case ElementType::u32:
      return H5T_NATIVE_UINT32;
    case ElementType::i32:
      return H5T_NATIVE_INT32;
    case ElementType::u64:
      return H5T_NATIVE_UINT64;
    case ElementType::i64:
      return H5T_NATIVE_INT64;
    case ElementType::f32:
      return H5T_NATIVE_FLOAT;
    case ElementType::f64:
      return H5T_NATIVE_DOUBLE;
  }
  return -1;
}

hid_t stored_type(ElementType element) {
  const Lock lock;
  switch (element) {
    case ElementType::u8:
      return H5T_STD_U8LE;
    case ElementType::i8:
      return H5T_STD_I8LE;
    case ElementType::u16:
      return H5T_STD_U16LE;
    case ElementType::i16:
      return H5T_STD_I16LE;
    case ElementType::u32:
      return H5T_STD_U32LE;
    case ElementType::i32:
      return H5T_STD_I32LE;
    case ElementType::u64:
      return H5T_STD_U64LE;
    case ElementType::i64:
      return H5T_STD_I64LE;
    case ElementType::f32:
      return H5T_IEEE_F32LE;
    case ElementType::f64:
      return H5T_IEEE_F64LE;
  }
  return -1;
}

std::vector<std::string> filter_names(hid_t creation_properties) {
  const Lock lock;
  std::vector<std::string> names;
  const int count = H5Pget_nfilters(creation_properties);
  for (int i = 0; i < count; ++i) {
    std::array<char, 128> name{};
    std::size_t values = 0;
    const H5Z_filter_t id = H5Pget_filter2(creation_properties, static_cast<unsigned>(i), nullptr,
                                           &values, nullptr, name.size() - 1, name.data(), nullptr);
    names.push_back(name[0] != '\0' ? name.data() : "filter " + std::to_string(id));
  }
  return names;
}

}  // namespace hdf5

}  // namespace hourglass
