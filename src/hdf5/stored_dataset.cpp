#include "hdf5/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/buffer.hpp"
#include "core/chunk_columns.hpp"
#include "hdf5/dataset_checks.hpp"
#include "hdf5/external_data.hpp"
#include "hdf5/filters.hpp"
#include "hdf5/netcdf.hpp"
#include "hdf5/only_samples.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;

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

// Rows that are read at once when they have to be decoded.
Index rows_to_decode(Index stored_row_bytes) {
  constexpr Index bytes = Index{8} << 20;
  return std::max<Index>(1, bytes / std::max<Index>(1, stored_row_bytes));
}

// Rows of what was stored by columns are many short pieces: the library would read 64 KiB for each
// into its sieve buffer, which belongs to the open file.
Handle open_without_sieve(const std::string& file) {
  const Handle access = hdf5::plain_file_access();
  checked(H5Pset_sieve_buf_size(access.get(), 1), file, "its buffer cannot be set");
  return {checked(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), file, "cannot be opened"),
          H5Fclose};
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
  info_.axes = hdf5::dimension_names(dataset_.get());
  hdf5::read_layout(dataset_.get(), space_.get(), info_, name_);
  if (form_.column_major && !info_.chunked) {
    dataset_.close();
    file_.close();
    file_ = open_without_sieve(address.file);
    dataset_ = open_dataset(file_.get(), info_.address, name_);
  }
  form_.apply_to(info_);
  if (form_.column_major && info_.chunked) info_.rows_per_unpacking = info_.chunk.front();
  info_.feature_names =
      hdf5::feature_names(file_.get(), dataset_.get(), info_.address.path, form_, info_.features());
  dataset_ = reopen_without_cache(std::move(dataset_), file_.get(), info_, name_);
  if (info_.unpacking_bytes == 0) return;
  info_.unpacking_bytes +=
      ChunkRows::slab_bytes(info_.rows(), info_.rows_per_unpacking, info_.row_bytes());
  unpacked_ =
      std::make_unique<ChunkRows>(info_.rows(), info_.rows_per_unpacking, info_.row_bytes(),
                                  [this](std::span<const Range> runs, std::span<std::byte> bytes) {
                                    read_values(runs, bytes);
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
  // Without chunks to unpack, one selection of many ranges gains nothing; what has to be decoded is
  // read in parts, so that little is held twice.
  const Index most = form_.changes() ? rows_to_decode(form_.stored_row_bytes(info_)) : info_.rows();
  for (const Range& run : runs) {
    for (Index begin = run.begin; begin < run.end; begin += most) {
      const Range part{begin, std::min(run.end, begin + most)};
      const auto size = static_cast<std::size_t>(part.size() * info_.row_bytes());
      read_values({&part, 1}, bytes.first(size));
      bytes = bytes.subspan(size);
    }
  }
}

void StoredDataset::release() const {
  const hdf5::Lock lock;
  if (unpacked_) unpacked_->release();
}

void StoredDataset::read_values(std::span<const Range> runs, std::span<std::byte> bytes) const {
  if (!form_.changes()) {
    read_stored(runs, bytes);
    return require_written(runs, bytes);
  }
  if (form_.column_major && runs.size() > 1) {
    // Each is transposed by itself.
    for (const Range& run : runs) {
      const auto size = static_cast<std::size_t>(run.size() * info_.row_bytes());
      read_values({&run, 1}, bytes.first(size));
      bytes = bytes.subspan(size);
    }
    return;
  }
  const Index rows = static_cast<Index>(bytes.size()) / info_.row_bytes();
  Buffer<std::byte> stored(rows * form_.stored_row_bytes(info_));
  read_stored(runs, stored.span());
  form_.make_rows(info_, rows, stored.span(), bytes);
}

void StoredDataset::require_written(std::span<const Range> runs,
                                    std::span<const std::byte> stored) const {
  const Index element = first_unwritten(form_.decoding, stored);
  if (element < 0) return;
  Index row = element / info_.features();
  std::size_t run = 0;
  while (row >= runs[run].size()) row -= runs[run++].size();
  const std::string number = number_text(form_.decoding.stored, *form_.decoding.unwritten);
  throw Error(
      ErrorKind::data,
      fmt::format("{} holds {} (feature {}), by which netCDF marks what was never written; "
                  "say that it is missing: python3 -c \"import h5py, numpy; "
                  "h5py.File('{}', 'a')['{}'].attrs['_FillValue'] = numpy.{}({})\"",
                  where(runs[run].begin + row), number, element % info_.features(),
                  info_.address.file, info_.address.path, name_of(form_.decoding.stored), number));
}

void StoredDataset::read_stored(std::span<const Range> runs, std::span<std::byte> bytes) const {
  // Axes of the file: those of the numbers of a record are none.
  const auto axes =
      static_cast<std::ptrdiff_t>(std::max(1, H5Sget_simple_extent_ndims(space_.get())));
  const bool plain = !form_.column_major && !form_.is_compound();
  std::vector<Index> begin(static_cast<std::size_t>(axes), 0);
  std::vector<Index> size(info_.shape.begin(), info_.shape.begin() + axes);
  if (runs.size() == 1 || info_.chunk.empty() || !plain) {
    for (const Range& run : runs) {
      begin.front() = run.begin;
      size.front() = run.size();
      const auto count = static_cast<std::size_t>(run.size() * form_.stored_row_bytes(info_));
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
  const Index element_bytes = size_of(form_.decoding.stored);
  std::vector<std::byte> box;
  for (Index number = 0; number < columns; ++number) {
    const ChunkColumn column = chunk_column(info_.shape, info_.chunk, number);
    std::ranges::copy(column.begin, begin.begin() + 1);
    std::ranges::copy(column.size, size.begin() + 1);
    box.resize(static_cast<std::size_t>(size.front() * column.features() * element_bytes));
    read_box(begin, size, box);
    copy_chunk_column(column, info_.shape, element_bytes, runs, box, bytes);
  }
}

void StoredDataset::read_box(const std::vector<Index>& begin, const std::vector<Index>& size,
                             std::span<std::byte> bytes) const {
  std::vector<hsize_t> start(begin.begin(), begin.end());
  std::vector<hsize_t> count(size.begin(), size.end());
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
              name_ + ": rows " + std::to_string(begin.front()) + " to " +
                  std::to_string(begin.front() + size.front() - 1) + " cannot be read (" + reason +
                  ")");
}

}  // namespace hourglass
