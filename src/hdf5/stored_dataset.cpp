#include "hdf5/stored_dataset.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "hdf5/dataset_checks.hpp"
#include "hdf5/external_data.hpp"
#include "hdf5/text_attributes.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;
using hdf5::saturating_product;

namespace {

// Samples and labels lie together; the samples are the set with a row of features.
std::string only_candidate(hid_t file, const std::string& file_name) {
  constexpr std::size_t searched = 1000;
  std::vector<std::string> tables;
  std::vector<std::string> vectors;
  for (const std::string& path : hdf5::list_datasets(file, searched)) {
    const auto object = hdf5::open_object(file, path);
    if (object.kind != H5I_DATASET) continue;
    const Handle type(H5Dget_type(object.handle.get()), H5Tclose);
    const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
    ElementType element{};
    if (type.get() < 0 || space.get() < 0 || !hdf5::element_type_of(type.get(), element)) continue;
    const int dimensions = H5Sget_simple_extent_ndims(space.get());
    if (dimensions >= 1) (dimensions >= 2 ? tables : vectors).push_back(path);
  }
  const auto& candidates = tables.empty() ? vectors : tables;
  if (candidates.size() == 1) return candidates.front();
  throw Error(ErrorKind::data, file_name + ": " + hdf5::listing(file, "") +
                                   (candidates.empty() ? ", none of numbers"
                                                       : "; name one: " + file_name + ":/path"));
}

Handle open_dataset(hid_t file, const DatasetAddress& address, const std::string& name) {
  auto object = hdf5::open_object(file, address.path, address.options.allow_external);
  if (object.external) {
    throw Error(ErrorKind::data,
                name + ": is a link into another file, which is not followed; name that file" +
                    hdf5::allow_external_advice);
  }
  if (object.kind == H5I_DATASET) return std::move(object.handle);
  const std::string what =
      object.kind == H5I_GROUP ? ": is a group, not a data set; " : ": no such data set; ";
  throw Error(ErrorKind::data, name + what + hdf5::listing(file, address.path));
}

// Rows are read in blocks in shuffled order: two rows of chunks stay decompressed, so that
// neighbouring blocks share them.
Handle reopen_with_cache(Handle dataset, hid_t file, const DatasetInfo& info,
                         const std::string& name) {
  if (!info.chunked) return dataset;
  constexpr std::size_t slots = 10007;
  constexpr Index smallest = Index{1} << 20;
  constexpr Index largest = Index{256} << 20;
  Index bytes = saturating_product(2 * size_of(info.type), info.chunk.front());
  for (std::size_t d = 1; d < info.shape.size(); ++d) {
    bytes = saturating_product(bytes, round_up(info.shape[d], info.chunk[d]));
  }
  bool external = false;
  const Handle access = info.address.options.allow_external
                            ? Handle(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose)
                            : hdf5::no_external_links(H5P_DATASET_ACCESS, &external);
  const auto cache = static_cast<std::size_t>(std::clamp(bytes, smallest, largest));
  checked(H5Pset_chunk_cache(access.get(), slots, cache, 1.0), name,
          "its chunk cache cannot be set");
  // The cache belongs to the open data set: only the last opener's properties count after a close.
  dataset.close();
  return {
      checked(H5Dopen2(file, info.address.path.c_str(), access.get()), name, "cannot be opened"),
      H5Dclose};
}

}  // namespace

StoredDataset::StoredDataset(const DatasetAddress& address) {
  const hdf5::Lock lock;
  info_.address = address;
  if (address.options.allow_external) hdf5::allow_plugins();
  file_ = hdf5::open_file(address.file);
  if (address.path.empty()) info_.address.path = only_candidate(file_.get(), address.file);
  name_ = to_string(info_.address);
  dataset_ = open_dataset(file_.get(), info_.address, name_);
  space_ =
      Handle(checked(H5Dget_space(dataset_.get()), name_, "its shape cannot be read"), H5Sclose);
  hdf5::read_type(dataset_.get(), info_, name_);
  info_.shape = hdf5::read_shape(space_.get(), name_);
  hdf5::read_layout(dataset_.get(), space_.get(), info_, name_);
  auto names = hdf5::attribute_texts(dataset_.get(), "feature_names");
  if (static_cast<Index>(names.size()) == info_.features()) info_.feature_names = std::move(names);
  const auto units = hdf5::attribute_texts(dataset_.get(), "units");
  if (units.size() == 1) info_.units = units.front();
  dataset_ = reopen_with_cache(std::move(dataset_), file_.get(), info_, name_);
}

std::string StoredDataset::where(Index row) const {
  return to_string(info_.address) + ": row " + std::to_string(row);
}

void StoredDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  const hdf5::Lock lock;
  std::vector<hsize_t> start(info_.shape.size(), 0);
  std::vector<hsize_t> count(info_.shape.begin(), info_.shape.end());
  start.front() = static_cast<hsize_t>(rows.begin);
  count.front() = static_cast<hsize_t>(rows.size());
  checked(H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                              nullptr),
          name_, "rows cannot be selected");
  const Handle memory(
      checked(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), name_,
              "rows cannot be selected"),
      H5Sclose);
  if (H5Dread(dataset_.get(), hdf5::native_type(info_.type), memory.get(), space_.get(),
              H5P_DEFAULT, bytes.data()) >= 0) {
    return;
  }
  const std::string reason = hdf5::take_reason();
  const bool refused = reason.find("file read failed") != std::string::npos;
  throw Error(refused ? ErrorKind::io : ErrorKind::data,
              name_ + ": rows " + std::to_string(rows.begin) + " to " +
                  std::to_string(rows.end - 1) + " cannot be read (" + reason + ")");
}

}  // namespace hourglass
