#include "hdf5/stored_dataset.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "hdf5/chunk_columns.hpp"
#include "hdf5/dataset_checks.hpp"
#include "hdf5/external_data.hpp"
#include "hdf5/filters.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;

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
  if (object.kind == H5I_BADID) hdf5::refuse_broken_link(file, address, name);
  const std::string what =
      object.kind == H5I_GROUP ? ": is a group, not a data set; " : ": no such data set; ";
  throw Error(ErrorKind::data, name + what + hdf5::listing(file, address.path));
}

// The library's cache would keep chunks that were read in part for ever: ChunkRows keeps what is
// worth keeping.
Handle reopen_without_cache(Handle dataset, hid_t file, const DatasetInfo& info,
                            const std::string& name) {
  bool external = false;
  const Handle access = info.address.options.allow_external
                            ? Handle(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose)
                            : hdf5::no_external_links(H5P_DATASET_ACCESS, &external);
  checked(H5Pset_chunk_cache(access.get(), 0, 0, H5D_CHUNK_CACHE_W0_DEFAULT), name,
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
  dataset_ = reopen_without_cache(std::move(dataset_), file_.get(), info_, name_);
  if (info_.unpacking_bytes == 0) return;
  info_.unpacking_bytes +=
      ChunkRows::slab_bytes(info_.rows(), info_.rows_per_unpacking, info_.row_bytes());
  unpacked_ =
      std::make_unique<ChunkRows>(info_.rows(), info_.rows_per_unpacking, info_.row_bytes(),
                                  [this](std::span<const Range> runs, std::span<std::byte> bytes) {
                                    read_stored(runs, bytes);
                                  });
}

std::string StoredDataset::where(Index row) const {
  return to_string(info_.address) + ": row " + std::to_string(row);
}

void StoredDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  read_runs({&rows, 1}, bytes);
}

void StoredDataset::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  const hdf5::Lock lock;
  if (unpacked_) return unpacked_->read(runs, bytes);
  // Without chunks to unpack, one selection of many ranges gains nothing.
  for (const Range& run : runs) {
    const auto size = static_cast<std::size_t>(run.size() * info_.row_bytes());
    read_stored({&run, 1}, bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

void StoredDataset::release() const {
  const hdf5::Lock lock;
  if (unpacked_) unpacked_->release();
}

void StoredDataset::read_stored(std::span<const Range> runs, std::span<std::byte> bytes) const {
  std::vector<Index> begin(info_.shape.size(), 0);
  std::vector<Index> size = info_.shape;
  if (runs.size() == 1 || info_.chunk.empty()) {
    for (const Range& run : runs) {
      begin.front() = run.begin;
      size.front() = run.size();
      const auto count = static_cast<std::size_t>(run.size() * info_.row_bytes());
      read_box(begin, size, bytes.first(count));
      bytes = bytes.subspan(count);
    }
    return;
  }
  // A selection with gaps would be mapped to memory element by element. The rows lie in one row of
  // chunks: each chunk is unpacked, and they are picked out of it.
  begin.front() = runs.front().begin;
  size.front() = runs.back().end - runs.front().begin;
  const Index columns = chunk_column_count(info_.shape, info_.chunk);
  std::vector<std::byte> box;
  for (Index number = 0; number < columns; ++number) {
    const ChunkColumn column = chunk_column(info_.shape, info_.chunk, number);
    std::ranges::copy(column.begin, begin.begin() + 1);
    std::ranges::copy(column.size, size.begin() + 1);
    box.resize(static_cast<std::size_t>(size.front() * column.features() * size_of(info_.type)));
    read_box(begin, size, box);
    copy_chunk_column(column, info_.shape, size_of(info_.type), runs, box, bytes);
  }
}

void StoredDataset::read_box(const std::vector<Index>& begin, const std::vector<Index>& size,
                             std::span<std::byte> bytes) const {
  const std::vector<hsize_t> start(begin.begin(), begin.end());
  const std::vector<hsize_t> count(size.begin(), size.end());
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
              name_ + ": rows " + std::to_string(begin.front()) + " to " +
                  std::to_string(begin.front() + size.front() - 1) + " cannot be read (" + reason +
                  ")");
}

}  // namespace hourglass
