#include "hdf5/group_layout.hpp"

#include <algorithm>

#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/text_list_attribute.hpp"

namespace hourglass {

using hdf5::Handle;
using hdf5::written;

namespace {

void write_numbers(hid_t object, const std::string& key, const std::vector<Index>& numbers,
                   const std::string& name) {
  const hsize_t count = numbers.size();
  const Handle space(written(H5Screate_simple(1, &count, nullptr), name, "no space of numbers"),
                     H5Sclose);
  const Handle attribute(
      written(H5Acreate2(object, key.c_str(), H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
              name, "an attribute cannot be written"),
      H5Aclose);
  if (numbers.empty()) return;
  written(H5Awrite(attribute.get(), H5T_NATIVE_INT64, numbers.data()), name,
          "an attribute cannot be written");
}

std::string text_at(const TextSpec& spec, Index i) {
  return spec.values.empty() ? std::to_string(i) : spec.values[static_cast<std::size_t>(i)];
}

}  // namespace

void make_group_of(hid_t file, const GroupSpec& spec, const std::string& name) {
  const Handle group = hdf5::make_group(file, spec.path, name);
  for (const auto& [key, text] : spec.texts) {
    if (!hdf5::has_attribute(group.get(), key)) hdf5::write_text(group.get(), key, text, name);
  }
  for (const auto& [key, numbers] : spec.numbers) {
    if (!hdf5::has_attribute(group.get(), key)) write_numbers(group.get(), key, numbers, name);
  }
  for (const auto& [key, texts] : spec.lists) {
    if (!hdf5::has_attribute(group.get(), key))
      hdf5::write_text_list(group.get(), key, texts, name);
  }
}

void make_texts(hid_t file, const TextSpec& spec, const std::string& name) {
  constexpr Index at_once = Index{1} << 16;
  std::size_t length = std::to_string(std::max<Index>(0, spec.count - 1)).size();
  if (!spec.values.empty()) length = 1;
  for (const std::string& value : spec.values) length = std::max(length, value.size());
  const std::size_t slash = spec.path.rfind('/');
  const Handle group = hdf5::make_group(file, slash == 0 ? "/" : spec.path.substr(0, slash), name);
  const Handle type(written(H5Tcopy(H5T_C_S1), name, "no text type"), H5Tclose);
  written(H5Tset_size(type.get(), length), name, "no text type");
  written(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), name, "no text type");
  written(H5Tset_cset(type.get(), H5T_CSET_UTF8), name, "no text type");
  const auto total = static_cast<hsize_t>(spec.count);
  const Handle space(written(H5Screate_simple(1, &total, nullptr), name, "no space of texts"),
                     H5Sclose);
  const Handle creation(written(H5Pcreate(H5P_DATASET_CREATE), name, "no creation properties"),
                        H5Pclose);
  written(H5Pset_obj_track_times(creation.get(), 0), name, "no creation properties");
  const Handle texts(
      written(H5Dcreate2(group.get(), spec.path.substr(slash + 1).c_str(), type.get(), space.get(),
                         H5P_DEFAULT, creation.get(), H5P_DEFAULT),
              name, "a data set cannot be made"),
      H5Dclose);
  for (const auto& [key, text] : spec.texts) hdf5::write_text(texts.get(), key, text, name);
  for (Index begin = 0; begin < spec.count; begin += at_once) {
    const Index end = std::min(spec.count, begin + at_once);
    std::string buffer(static_cast<std::size_t>(end - begin) * length, '\0');
    for (Index i = begin; i < end; ++i) {
      text_at(spec, i).copy(buffer.data() + static_cast<std::size_t>(i - begin) * length, length);
    }
    const auto start = static_cast<hsize_t>(begin);
    const auto count = static_cast<hsize_t>(end - begin);
    const Handle memory(written(H5Screate_simple(1, &count, nullptr), name, "no space of texts"),
                        H5Sclose);
    written(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr),
            name, "texts cannot be selected");
    written(
        H5Dwrite(texts.get(), type.get(), memory.get(), space.get(), H5P_DEFAULT, buffer.data()),
        name, "texts cannot be written");
  }
}

}  // namespace hourglass
