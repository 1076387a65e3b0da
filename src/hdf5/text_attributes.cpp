#include "hdf5/text_attributes.hpp"

namespace hourglass::hdf5 {

namespace {

// More than the names of any table.
constexpr hssize_t most_texts = 1 << 24;

std::vector<std::string> variable_texts(hid_t attribute, hid_t type, hid_t space,
                                        std::size_t count) {
  std::vector<char*> items(count, nullptr);
  std::vector<std::string> texts;
  if (H5Aread(attribute, type, items.data()) < 0) return texts;
  for (const char* item : items) texts.emplace_back(item == nullptr ? "" : item);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, items.data());
  return texts;
}

std::vector<std::string> fixed_texts(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  std::string all(size * count, '\0');
  std::vector<std::string> texts;
  if (size == 0 || H5Aread(attribute, type, all.data()) < 0) return texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string item = all.substr(i * size, size);
    texts.push_back(item.substr(0, item.find('\0')));
  }
  return texts;
}

}  // namespace

std::vector<std::string> attribute_texts(hid_t object, const char* attribute) {
  std::vector<std::string> texts;
  if (H5Aexists(object, attribute) > 0) {
    const Handle handle(H5Aopen(object, attribute, H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(handle.get()), H5Tclose);
    const Handle space(H5Aget_space(handle.get()), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space.get());
    if (H5Tget_class(type.get()) == H5T_STRING && count > 0 && count < most_texts) {
      texts = H5Tis_variable_str(type.get()) > 0
                  ? variable_texts(handle.get(), type.get(), space.get(),
                                   static_cast<std::size_t>(count))
                  : fixed_texts(handle.get(), type.get(), static_cast<std::size_t>(count));
    }
  }
  H5Eclear2(H5E_DEFAULT);
  return texts;
}

}  // namespace hourglass::hdf5
