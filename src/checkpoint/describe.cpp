#include "checkpoint/describe.hpp"

#include <algorithm>

#include "checkpoint/attribute_text.hpp"
#include "hdf5/array_dataset.hpp"
#include "hdf5/foreign_attributes.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/state_mark.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::Handle;

namespace {

// More than anybody reads, few enough to hold.
constexpr std::size_t most_objects = 100000;

struct Visit {
  std::vector<std::string> datasets;
  std::vector<std::string> groups;
  std::vector<DescribedLink> links;

  [[nodiscard]] herr_t more() const {
    return datasets.size() + groups.size() + links.size() < most_objects ? 0 : 1;
  }
};

// Callbacks of the library: nothing may be thrown through it.
herr_t visit_object(hid_t, const char* name, const H5O_info_t* info, void* data) noexcept {
  auto& visit = *static_cast<Visit*>(data);
  const std::string path = std::string(name) == "." ? "/" : std::string("/") + name;
  if (info->type == H5O_TYPE_DATASET) visit.datasets.push_back(path);
  if (info->type == H5O_TYPE_GROUP) visit.groups.push_back(path);
  return visit.more();
}

herr_t visit_link(hid_t group, const char* name, const H5L_info_t* info, void* data) noexcept {
  auto& visit = *static_cast<Visit*>(data);
  constexpr std::size_t longest_target = 1 << 16;
  if (info->type == H5L_TYPE_HARD || info->u.val_size == 0 || info->u.val_size > longest_target)
    return visit.more();
  std::string value(info->u.val_size, '\0');
  if (H5Lget_val(group, name, value.data(), value.size(), H5P_DEFAULT) < 0) return visit.more();
  DescribedLink link{std::string("/") + name, value.substr(0, value.find('\0')),
                     info->type == H5L_TYPE_EXTERNAL};
  if (link.external) {
    const char* file = nullptr;
    const char* path = nullptr;
    if (H5Lunpack_elink_val(value.data(), value.size(), nullptr, &file, &path) >= 0)
      link.target = std::string(file) + ":" + path;
  }
  visit.links.push_back(link);
  return visit.more();
}

std::vector<Index> shape_of(hid_t dataset) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const int dimensions = space.get() < 0 ? 0 : H5Sget_simple_extent_ndims(space.get());
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(dimensions, 0)));
  if (!sizes.empty()) H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

// Facts about a data set that DatasetReader refuses.
void read_storage(hid_t dataset, DatasetInfo& info) {
  info.shape = shape_of(dataset);
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (creation.get() < 0) return;
  info.filters = hdf5::filter_names(creation.get());
  info.chunked = H5Pget_layout(creation.get()) == H5D_CHUNKED;
  if (!info.chunked || info.shape.empty()) return;
  std::vector<hsize_t> chunk(info.shape.size());
  if (H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()) >= 0)
    info.chunk.assign(chunk.begin(), chunk.end());
}

DescribedDataset describe_dataset(hid_t file, const std::string& file_name, const std::string& path,
                                  const ReadOptions& reading) {
  DescribedDataset dataset{path, {}, {}, {}, 0, {}};
  dataset.info.address = {file_name, path, reading};
  const auto object = hdf5::open_object(file, path);
  if (object.kind != H5I_DATASET) {
    dataset.problem = file_name + ":" + path + ": damaged: it cannot be opened";
    return dataset;
  }
  const Handle type(H5Dget_type(object.handle.get()), H5Tclose);
  dataset.type = type.get() < 0 ? "unknown" : hdf5::describe_type(type.get());
  dataset.stored_bytes = static_cast<Index>(H5Dget_storage_size(object.handle.get()));
  dataset.attributes = hdf5::describe_attributes(object.handle.get());
  try {
    dataset.info = DatasetReader(dataset.info.address).info();
  } catch (const Error& error) {
    dataset.problem = error.what();
    read_storage(object.handle.get(), dataset.info);
  }
  return dataset;
}

// A group of data, indices and pointers, which is one data set for whoever reads it.
DescribedDataset describe_matrix(hid_t file, const std::string& file_name, const std::string& path,
                                 const ReadOptions& reading) {
  DescribedDataset matrix{path, {}, {}, {}, 0, {}};
  matrix.info.address = {file_name, path, reading};
  for (const char* part : {"/data", "/indices", "/indptr"}) {
    const auto object = hdf5::open_object(file, path + part);
    if (object.kind != H5I_DATASET) continue;
    matrix.stored_bytes += static_cast<Index>(H5Dget_storage_size(object.handle.get()));
  }
  try {
    matrix.info = DatasetReader(matrix.info.address).info();
    matrix.type = name_of(matrix.info.type);
  } catch (const Error& error) {
    matrix.problem = error.what();
    matrix.type = "sparse matrix";
  }
  return matrix;
}

// Puts sparse matrices in the place of their parts.
void gather_matrices(hid_t file, const std::string& file_name,
                     const std::vector<std::string>& groups, const ReadOptions& reading,
                     std::vector<DescribedDataset>& datasets) {
  bool found = false;
  for (const std::string& path : groups) {
    const auto group = hdf5::open_object(file, path);
    if (group.kind != H5I_GROUP ||
        !hdf5::has_links(group.handle.get(), {"data", "indices", "indptr"}))
      continue;
    std::erase_if(datasets, [&](const DescribedDataset& dataset) {
      return dataset.path == path + "/data" || dataset.path == path + "/indices" ||
             dataset.path == path + "/indptr" || dataset.path == path + "/shape";
    });
    found = true;
    datasets.push_back(describe_matrix(file, file_name, path, reading));
  }
  if (found) std::ranges::sort(datasets, {}, &DescribedDataset::path);
}

// The arrays of a file that is not HDF5.
FileDescription describe_arrays(const std::string& path) {
  FileDescription description{path, hdf5::file_bytes(path), false, {}, {}, {}};
  for (const DatasetAddress& address : array_datasets(path)) {
    DescribedDataset dataset{address.path.empty() ? "/" : address.path, {}, {}, {}, 0, {}};
    dataset.info.address = address;
    try {
      dataset.info = DatasetReader(address).info();
      dataset.type = dataset.info.decoding.empty() ? name_of(dataset.info.type)
                                                   : std::string_view(dataset.info.decoding);
    } catch (const Error& error) {
      dataset.problem = error.what();
    }
    description.datasets.push_back(std::move(dataset));
  }
  return description;
}

}  // namespace

FileDescription describe_file(const std::string& path, const ReadOptions& reading) {
  if (names_array_file({path, ""})) return describe_arrays(path);
  const hdf5::Lock lock;
  const Handle file = hdf5::open_file(path);
  FileDescription description{path, hdf5::file_bytes(path), false, {}, {}, {}};
  Visit visit;
  // Damaged branches end a visit early: what was found until then is shown.
  H5Ovisit2(file.get(), H5_INDEX_NAME, H5_ITER_INC, visit_object, &visit, H5O_INFO_BASIC);
  H5Lvisit(file.get(), H5_INDEX_NAME, H5_ITER_INC, visit_link, &visit);
  H5Eclear2(H5E_DEFAULT);
  for (const std::string& name : visit.datasets)
    description.datasets.push_back(describe_dataset(file.get(), path, name, reading));
  gather_matrices(file.get(), path, visit.groups, reading, description.datasets);
  for (const std::string& name : visit.groups) {
    const auto group = hdf5::open_object(file.get(), name);
    if (group.kind == H5I_GROUP)
      description.groups.push_back({name, hdf5::describe_attributes(group.handle.get())});
  }
  description.links = std::move(visit.links);
  description.is_state = is_state_file(file.get());
  return description;
}

}  // namespace hourglass
