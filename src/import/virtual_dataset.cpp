#include "import/virtual_dataset.hpp"

#include <filesystem>

#include "hdf5/columns_by_name.hpp"
#include "hdf5/dataset_layout.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/write_driver.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

using hdf5::Handle;
using hdf5::written;

namespace fs = std::filesystem;

namespace {

void check_alike(std::span<const DatasetInfo> sources) {
  if (sources.empty()) throw Error(ErrorKind::data, "a virtual data set needs sources");
  const DatasetInfo& first = sources.front();
  for (const DatasetInfo& source : sources) {
    if (!source.as_stored) {
      throw Error(ErrorKind::data,
                  to_string(source.address) + ": its values are not read as they are stored" +
                      (source.decoding.empty() ? "" : " (" + source.decoding + ")") +
                      ", which a virtual data set cannot say; leave --virtual out");
    }
    if (!columns_by_name(first, source).empty()) {
      throw Error(ErrorKind::data,
                  to_string(source.address) + ": its columns are in another order than those of " +
                      to_string(first.address) +
                      ", which a virtual data set cannot say; leave --virtual out");
    }
    const bool same_shape = std::vector(source.shape.begin() + 1, source.shape.end()) ==
                            std::vector(first.shape.begin() + 1, first.shape.end());
    if (source.type == first.type && same_shape) continue;
    throw Error(ErrorKind::data, to_string(source.address) +
                                     ": its samples are of another shape or type than those of " +
                                     to_string(first.address));
  }
}

std::string name_from(const std::string& output, const std::string& source) {
  if (fs::path(source).is_absolute()) return source;
  std::error_code error;
  const fs::path relative = fs::relative(source, posix::folder_of(output), error);
  return error || relative.empty() ? source : relative.string();
}

Handle space_of(const std::vector<Index>& shape, const std::string& name) {
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return {written(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), name,
                  "a shape cannot be stored"),
          H5Sclose};
}

void make_virtual(hid_t file, const std::string& name, const VirtualDataset& output) {
  const auto& sources = output.sources;
  const std::vector<Index> shape = output.shape();
  const Handle whole = space_of(shape, name);
  const Handle creation(written(H5Pcreate(H5P_DATASET_CREATE), name, "no creation properties"),
                        H5Pclose);
  std::vector<hsize_t> start(shape.size(), 0);
  for (const DatasetInfo& source : sources) {
    if (source.rows() == 0) continue;
    const std::vector<hsize_t> count(source.shape.begin(), source.shape.end());
    written(H5Sselect_hyperslab(whole.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                                nullptr),
            name, "rows cannot be selected");
    const Handle part = space_of(source.shape, name);
    const std::string from = name_from(name, source.address.file);
    written(H5Pset_virtual(creation.get(), whole.get(), from.c_str(), source.address.path.c_str(),
                           part.get()),
            name, "a source cannot be mapped");
    start.front() += count.front();
  }
  const std::size_t slash = output.path.rfind('/');
  const Handle group =
      hdf5::make_group(file, slash == 0 ? "/" : output.path.substr(0, slash), name);
  const Handle space = space_of(shape, name);
  const Handle dataset(written(H5Dcreate2(group.get(), output.path.substr(slash + 1).c_str(),
                                          hdf5::stored_type(sources.front().type), space.get(),
                                          H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                               name, "a data set cannot be made"),
                       H5Dclose);
}

}  // namespace

std::vector<Index> VirtualDataset::shape() const {
  std::vector<Index> shape = sources.front().shape;
  shape.front() = 0;
  for (const DatasetInfo& source : sources) shape.front() += source.rows();
  return shape;
}

void write_virtual_datasets(const std::string& name, std::span<const VirtualDataset> datasets) {
  std::vector<std::string> paths;
  for (const VirtualDataset& dataset : datasets) {
    check_alike(dataset.sources);
    paths.push_back(dataset.path);
  }
  check_output(name, paths);
  AtomicFile target(name);
  const hdf5::Lock lock;
  std::error_code error;
  const bool adding = fs::exists(name, error);
  if (adding) {
    fs::copy_file(name, target.temporary_path(), fs::copy_options::overwrite_existing, error);
    if (error) posix::throw_write_error(error.value(), name, hdf5::file_bytes(name));
  }
  hdf5::WriteStatus status;
  Handle file = hdf5::open_safely(target.temporary_path(), name, !adding, &status);
  for (const VirtualDataset& dataset : datasets) make_virtual(file.get(), name, dataset);
  hdf5::close_safely(file, name, status);
  target.commit();
}

}  // namespace hourglass
