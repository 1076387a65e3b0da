#include "checkpoint/attribute_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace hourglass::hdf5 {

namespace {

constexpr std::size_t shown_values = 8;
constexpr std::size_t shown_letters = 200;
constexpr hsize_t largest_shown = 1 << 16;  // bytes of an attribute that is read at all

// Always one line, cut between characters of UTF-8.
std::string shortened(std::string text) {
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ') letter = ' ';
  }
  if (text.size() <= shown_letters) return text;
  std::size_t end = shown_letters;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

template <class T, class ToText>
std::string numbers_text(hid_t attribute, hid_t memory_type, std::size_t count,
                         const ToText& to_text) {
  std::vector<T> values(count);
  if (H5Aread(attribute, memory_type, values.data()) < 0) return "(damaged)";
  std::string text;
  for (std::size_t i = 0; i < std::min(count, shown_values); ++i)
    text += (i == 0 ? "" : ", ") + to_text(values[i]);
  return count > shown_values ? text + ", ... (" + std::to_string(count) + " values)" : text;
}

std::string fixed_text(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > largest_shown / count) return "(long text)";
  std::string all(size * count, '\0');
  if (H5Aread(attribute, type, all.data()) < 0) return "(damaged)";
  std::string text;
  for (std::size_t i = 0; i < std::min(count, shown_values); ++i) {
    const std::string item = all.substr(i * size, size);
    text += (i == 0 ? "" : ", ") + item.substr(0, item.find('\0'));
  }
  return text;
}

std::string variable_text(hid_t attribute, hid_t type, hid_t space, std::size_t count) {
  std::vector<char*> items(count, nullptr);
  if (H5Aread(attribute, type, items.data()) < 0) return "(damaged)";
  std::string text;
  for (std::size_t i = 0; i < std::min(count, shown_values); ++i) {
    text += (i == 0 ? "" : ", ") + std::string(items[i] == nullptr ? "" : items[i]);
  }
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, items.data());
  return text;
}

std::string value_text(hid_t attribute) {
  const Handle type(H5Aget_type(attribute), H5Tclose);
  const Handle space(H5Aget_space(attribute), H5Sclose);
  if (type.get() < 0 || space.get() < 0) return "(damaged)";
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count == 0) return "(empty)";
  std::string kind = describe_type(type.get()) + ", " + std::to_string(count) +
                     (count == 1 ? " value" : " values");
  if (count < 0 || static_cast<hsize_t>(count) > largest_shown / 16) return kind;
  const auto items = static_cast<std::size_t>(count);
  ElementType element{};
  if (H5Tget_class(type.get()) == H5T_STRING) {
    return shortened(H5Tis_variable_str(type.get()) > 0
                         ? variable_text(attribute, type.get(), space.get(), items)
                         : fixed_text(attribute, type.get(), items));
  }
  if (!element_type_of(type.get(), element)) return kind;
  if (!is_integer(element))
    return numbers_text<double>(attribute, H5T_NATIVE_DOUBLE, items, number_text);
  if (element == ElementType::u64) {
    return numbers_text<std::uint64_t>(attribute, H5T_NATIVE_UINT64, items,
                                       [](std::uint64_t v) { return std::to_string(v); });
  }
  return numbers_text<std::int64_t>(attribute, H5T_NATIVE_INT64, items,
                                    [](std::int64_t v) { return std::to_string(v); });
}

herr_t keep_name(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

}  // namespace

std::vector<DescribedAttribute> describe_attributes(hid_t object) {
  const Lock lock;
  std::vector<std::string> names;
  hsize_t position = 0;
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, keep_name, &names);
  std::vector<DescribedAttribute> attributes;
  for (const std::string& name : names) {
    const Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
    attributes.push_back(
        {shortened(name), attribute.get() < 0 ? "(damaged)" : value_text(attribute.get())});
  }
  H5Eclear2(H5E_DEFAULT);
  return attributes;
}

}  // namespace hourglass::hdf5
