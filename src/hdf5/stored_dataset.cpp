#include "hdf5/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/buffer.hpp"
#include "hdf5/dataset_checks.hpp"
#include "hdf5/external_data.hpp"
#include "hdf5/only_samples.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;
using hdf5::saturating_product;

namespace {

// A group of a known dialect stands for a data set in it: `address` then becomes its address.
Handle open_dataset(hid_t file, DatasetAddress& address, const std::string& name) {
  auto object = hdf5::open_object(file, address.path, address.options.allow_external);
  if (object.external) {
    throw Error(ErrorKind::data,
                name + ": is a link into another file, which is not followed; name that file" +
                    hdf5::allow_external_advice);
  }
  if (object.kind == H5I_DATASET) return std::move(object.handle);
  if (object.kind == H5I_GROUP) {
    const std::string path = hdf5::dataset_of_group(file, object.handle.get(), address);
    if (!path.empty()) {
      address.path = path;
      return open_dataset(file, address, to_string(address));
    }
  }
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
  if (address.path.empty()) info_.address.path = hdf5::only_samples(file_.get(), address.file);
  dataset_ = open_dataset(file_.get(), info_.address, to_string(info_.address));
  name_ = to_string(info_.address);
  space_ =
      Handle(checked(H5Dget_space(dataset_.get()), name_, "its shape cannot be read"), H5Sclose);
  form_ = hdf5::stored_form(file_.get(), dataset_.get(), info_.address);
  info_.shape = hdf5::read_shape(space_.get(), name_);
  hdf5::read_layout(dataset_.get(), space_.get(), info_, name_);
  form_.apply_to(info_);
  info_.feature_names =
      hdf5::feature_names(file_.get(), dataset_.get(), info_.address.path, form_, info_.features());
  dataset_ = reopen_with_cache(std::move(dataset_), file_.get(), info_, name_);
}

std::string StoredDataset::where(Index row) const {
  return to_string(info_.address) + ": row " + std::to_string(row);
}

void StoredDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  if (!form_.changes()) {
    read_stored(rows, bytes);
    return require_written(rows, bytes);
  }
  Buffer<std::byte> stored(rows.size() * form_.stored_row_bytes(info_));
  read_stored(rows, stored.span());
  form_.make_rows(info_, rows.size(), stored.span(), bytes);
}

void StoredDataset::require_written(Range rows, std::span<const std::byte> stored) const {
  const Index element = first_unwritten(form_.decoding, stored);
  if (element < 0) return;
  const std::string number = number_text(form_.decoding.stored, *form_.decoding.unwritten);
  throw Error(ErrorKind::data,
              fmt::format("{} holds {} (feature {}), by which netCDF marks what was never written; "
                          "say that it is missing: python3 -c \"import h5py, numpy; "
                          "h5py.File('{}', 'a')['{}'].attrs['_FillValue'] = numpy.{}({})\"",
                          where(rows.begin + element / info_.features()), number,
                          element % info_.features(), info_.address.file, info_.address.path,
                          name_of(form_.decoding.stored), number));
}

void StoredDataset::read_stored(Range rows, std::span<std::byte> bytes) const {
  const hdf5::Lock lock;
  // Axes of the file: those of the numbers of a record are none.
  const auto axes = static_cast<std::size_t>(std::max(1, H5Sget_simple_extent_ndims(space_.get())));
  std::vector<hsize_t> start(axes, 0);
  std::vector<hsize_t> count(info_.shape.begin(),
                             info_.shape.begin() + static_cast<std::ptrdiff_t>(axes));
  start.front() = static_cast<hsize_t>(rows.begin);
  count.front() = static_cast<hsize_t>(rows.size());
  if (form_.column_major) {
    std::ranges::reverse(start);
    std::ranges::reverse(count);
  }
  checked(H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                              nullptr),
          name_, "rows cannot be selected");
  const Handle memory(
      checked(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), name_,
              "rows cannot be selected"),
      H5Sclose);
  if (H5Dread(dataset_.get(), form_.memory_type(), memory.get(), space_.get(), H5P_DEFAULT,
              bytes.data()) >= 0) {
    return;
  }
  const std::string reason = hdf5::take_reason();
  const bool refused = reason.find("file read failed") != std::string::npos;
  throw Error(refused ? ErrorKind::io : ErrorKind::data,
              name_ + ": rows " + std::to_string(rows.begin) + " to " +
                  std::to_string(rows.end - 1) + " cannot be read (" + reason + ")");
}

}  // namespace hourglass
