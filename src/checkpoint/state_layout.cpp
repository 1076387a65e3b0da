#include "checkpoint/state_layout.hpp"

#include <algorithm>

#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/state_mark.hpp"
#include "hdf5/write_driver.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;
using hdf5::written;

namespace {

constexpr const char* contents_name = "contents";
constexpr const char* digest_name = "digest";
constexpr const char* configuration_name = "configuration";
constexpr const char* position_group = "/position";

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  require(slash != std::string::npos && path.front() == '/',
          "a path in a state file that is not absolute");
  return {path.substr(0, slash), path.substr(slash + 1)};
}

Handle dataset_creation(bool values_come_later, const std::string& name) {
  Handle creation(written(H5Pcreate(H5P_DATASET_CREATE), name, "no creation properties"), H5Pclose);
  written(H5Pset_layout(creation.get(), H5D_CONTIGUOUS), name, "no creation properties");
  written(H5Pset_obj_track_times(creation.get(), 0), name, "no creation properties");
  if (values_come_later) {
    // The space must have its place in the file before anybody can write there; zeros written first
    // would cost as much again.
    written(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), name,
            "no creation properties");
    written(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), name, "no creation properties");
  }
  return creation;
}

Handle make_dataset(hid_t file, const std::string& path, const std::vector<Index>& shape,
                    hid_t type, bool values_come_later, const std::string& name) {
  const auto [group_path, own_name] = split(path);
  const Handle group = hdf5::make_group(file, group_path, name);
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(
      written(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), name,
              "a shape cannot be stored"),
      H5Sclose);
  const Handle creation = dataset_creation(values_come_later, name);
  return {written(H5Dcreate2(group.get(), own_name.c_str(), type, space.get(), H5P_DEFAULT,
                             creation.get(), H5P_DEFAULT),
                  name, "a data set cannot be made"),
          H5Dclose};
}

void write_header(hid_t file, const std::string& name, const StateHeader& header,
                  const std::vector<StoredGroup>& groups) {
  const std::string contents = to_json(contents_of(header, groups));
  const Handle root = hdf5::make_group(file, "/", name);
  hdf5::write_text(root.get(), contents_name, contents, name);
  hdf5::write_text(root.get(), digest_name, state_digest(state_format_version, contents, header),
                   name);
  const Handle model = hdf5::make_group(file, state_model_group, name);
  hdf5::write_integer(model.get(), state_version_name, state_format_version, name);
  hdf5::write_text(model.get(), configuration_name, header.configuration, name);
  for (const auto& [key, value] : header.texts) hdf5::write_text(model.get(), key, value, name);
  if (!header.position.empty()) {
    const Handle position = hdf5::make_group(file, position_group, name);
    for (const auto& [key, value] : header.position)
      hdf5::write_integer(position.get(), key, value, name);
  }
  for (const auto& [path, values] : header.doubles) {
    const Handle dataset =
        make_dataset(file, path, {static_cast<Index>(values.size())}, H5T_IEEE_F64LE, false, name);
    if (values.empty()) continue;
    written(
        H5Dwrite(dataset.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
        name, "values cannot be written");
  }
}

std::vector<double> read_doubles(hid_t file, const std::string& path, const std::string& name,
                                 Index file_size) {
  const std::string what = "corrupted: " + path + " cannot be read";
  const auto object = hdf5::open_object(file, path);
  if (object.kind != H5I_DATASET)
    throw Error(ErrorKind::data, name + ": " + what + "; use another copy");
  const Handle type(checked(H5Dget_type(object.handle.get()), name, what.c_str()), H5Tclose);
  const Handle space(checked(H5Dget_space(object.handle.get()), name, what.c_str()), H5Sclose);
  const Handle creation(checked(H5Dget_create_plist(object.handle.get()), name, what.c_str()),
                        H5Pclose);
  const auto count = static_cast<Index>(H5Sget_simple_extent_npoints(space.get()));
  // Plainly in this file: neither in another one nor behind a filter.
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  const bool here = H5Pget_external_count(creation.get()) == 0 &&
                    H5Pget_nfilters(creation.get()) == 0 && layout != H5D_VIRTUAL;
  const bool sound = here && H5Sget_simple_extent_ndims(space.get()) == 1 &&
                     H5Tget_class(type.get()) == H5T_FLOAT && count >= 0 &&
                     hdf5::saturating_product(count, sizeof(double)) <= file_size;
  if (!sound) throw Error(ErrorKind::data, name + ": " + what + "; use another copy");
  std::vector<double> values(static_cast<std::size_t>(count));
  if (values.empty()) return values;
  checked(
      H5Dread(object.handle.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
      name, what.c_str());
  return values;
}

// Tells files that are not ours, and those of a later version, from damaged ones.
Handle open_model_group(hid_t file, const std::string& name) {
  if (!is_state_file(file))
    throw Error(
        ErrorKind::data,
        name + ": is an HDF5 file, but not a model or checkpoint; if it was one, use another copy");
  auto object = hdf5::open_object(file, state_model_group);
  const std::int64_t version = hdf5::read_integer(object.handle.get(), state_version_name, name);
  if (version > state_format_version) {
    throw Error(ErrorKind::data, name + ": was written by a newer version (format " +
                                     std::to_string(version) + "; this one reads up to " +
                                     std::to_string(state_format_version) + "); upgrade hourglass");
  }
  if (version < 1)
    throw Error(ErrorKind::data, name + ": corrupted: impossible format version; use another copy");
  return std::move(object.handle);
}

Index locate(hid_t file, const std::string& name, const std::string& path,
             const StoredTensor& tensor, Index file_size) {
  const std::string what = "corrupted: " + path + " is not what the table of contents says";
  const auto object = hdf5::open_object(file, path);
  if (object.kind != H5I_DATASET)
    throw Error(ErrorKind::data, name + ": " + what + "; use another copy");
  const hid_t dataset = object.handle.get();
  const Handle type(checked(H5Dget_type(dataset), name, what.c_str()), H5Tclose);
  const Handle space(checked(H5Dget_space(dataset), name, what.c_str()), H5Sclose);
  const Handle creation(checked(H5Dget_create_plist(dataset), name, what.c_str()), H5Pclose);
  std::vector<hsize_t> shape(tensor.shape.begin(), tensor.shape.end());
  std::vector<hsize_t> found(shape.size());
  bool sound = H5Sget_simple_extent_ndims(space.get()) == static_cast<int>(shape.size()) &&
               H5Sget_simple_extent_dims(space.get(), found.data(), nullptr) >= 0 &&
               found == shape && H5Tequal(type.get(), H5T_IEEE_F32LE) > 0 &&
               H5Pget_layout(creation.get()) == H5D_CONTIGUOUS &&
               H5Pget_external_count(creation.get()) == 0;
  if (sound && tensor.size == 0) return 0;
  const haddr_t offset = sound ? H5Dget_offset(dataset) : HADDR_UNDEF;
  const Index bytes = hdf5::saturating_product(tensor.size, sizeof(float));
  sound = sound && offset != HADDR_UNDEF && bytes <= file_size &&
          offset <= static_cast<haddr_t>(file_size - bytes);
  if (!sound) throw Error(ErrorKind::data, name + ": " + what + "; use another copy");
  return static_cast<Index>(offset);
}

}  // namespace

Index predicted_bytes(const StateHeader& header, const std::vector<StoredGroup>& groups) {
  constexpr Index per_object = 1024;
  Index bytes = 64 * per_object + 2 * static_cast<Index>(header.configuration.size());
  for (const auto& [key, value] : header.texts)
    bytes += per_object + static_cast<Index>(key.size() + 2 * value.size());
  for (const auto& [path, values] : header.doubles)
    bytes += per_object + static_cast<Index>(values.size() * sizeof(double));
  for (const StoredGroup& group : groups) {
    for (const StoredTensor& tensor : group.tensors)
      bytes += per_object + tensor.size * static_cast<Index>(sizeof(float));
  }
  return bytes;
}

std::vector<Index> create_state_layout(const std::string& temporary, const std::string& name,
                                       const StateHeader& header,
                                       const std::vector<StoredGroup>& groups) {
  const hdf5::Lock lock;
  hdf5::WriteStatus status;
  Handle file = hdf5::open_safely(temporary, name, true, &status);
  write_header(file.get(), name, header, groups);
  std::vector<Index> offsets;
  for (const StoredGroup& group : groups) {
    for (const StoredTensor& tensor : group.tensors) {
      const Handle dataset = make_dataset(file.get(), group.group + "/" + tensor.name, tensor.shape,
                                          H5T_IEEE_F32LE, true, name);
      const haddr_t offset = tensor.size == 0 ? 0 : H5Dget_offset(dataset.get());
      require(offset != HADDR_UNDEF, "a tensor without a place in its file");
      offsets.push_back(static_cast<Index>(offset));
    }
  }
  hdf5::close_safely(file, name, status);
  return offsets;
}

StateContents read_state_layout(hid_t file, const std::string& name, StateHeader& header) {
  const hdf5::Lock lock;
  const Index file_size = hdf5::file_bytes(name);
  const Handle model = open_model_group(file, name);
  const Handle root(
      checked(H5Gopen2(file, "/", H5P_DEFAULT), name, "corrupted: its root cannot be opened"),
      H5Gclose);
  const std::string json = hdf5::read_text(root.get(), contents_name, name, file_size);
  StateContents contents = parse_contents(json, name);
  header.configuration = hdf5::read_text(model.get(), configuration_name, name, file_size);
  for (const std::string& key : contents.texts)
    header.texts[key] = hdf5::read_text(model.get(), key, name, file_size);
  if (!contents.positions.empty()) {
    const auto position = hdf5::open_object(file, position_group);
    for (const std::string& key : contents.positions) {
      header.position[key] = hdf5::read_integer(position.handle.get(), key, name);
    }
  }
  for (const std::string& path : contents.doubles)
    header.doubles[path] = read_doubles(file, path, name, file_size);
  const std::int64_t version = hdf5::read_integer(model.get(), state_version_name, name);
  if (hdf5::read_text(root.get(), digest_name, name, file_size) !=
      state_digest(version, json, header)) {
    throw Error(ErrorKind::data,
                name + ": corrupted: digest mismatch in its header; use another copy");
  }
  return contents;
}

std::vector<Index> locate_tensors(hid_t file, const std::string& name, const StoredGroup& group) {
  const hdf5::Lock lock;
  const Index file_size = hdf5::file_bytes(name);
  std::vector<Index> offsets;
  for (const StoredTensor& tensor : group.tensors) {
    offsets.push_back(locate(file, name, group.group + "/" + tensor.name, tensor, file_size));
  }
  return offsets;
}

}  // namespace hourglass
