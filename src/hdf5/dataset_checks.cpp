#include "hdf5/dataset_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "hdf5/external_data.hpp"
#include "hdf5/filters.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

std::vector<Index> read_shape(hid_t space, const std::string& name) {
  const int dimensions = H5Sget_simple_extent_ndims(space);
  if (H5Sget_simple_extent_type(space) != H5S_SIMPLE || dimensions < 1) {
    throw Error(ErrorKind::data, name + ": is a single value, not a table of samples");
  }
  std::vector<hsize_t> sizes(static_cast<std::size_t>(dimensions));
  checked(H5Sget_simple_extent_dims(space, sizes.data(), nullptr), name,
          "its shape cannot be read");
  // 8 bytes an element at most: a product below 2^62 bytes can be counted everywhere.
  Index bytes = 8;
  for (const hsize_t size : sizes) {
    bytes =
        saturating_product(bytes, static_cast<Index>(std::clamp<hsize_t>(size, 1, largest_size)));
  }
  if (bytes >= largest_size)
    throw Error(ErrorKind::data, name + ": its header claims an impossible shape");
  if (std::find(sizes.begin() + 1, sizes.end(), hsize_t{0}) != sizes.end()) {
    throw Error(ErrorKind::data, name + ": its rows have no features (a dimension is 0)");
  }
  return {sizes.begin(), sizes.end()};
}

void note_unpacking(hid_t dataset, DatasetInfo& info) {
  // An unpacked chunk, its packed bytes, what a filter works in (a buffer that doubles until the
  // chunk fits), and the rows picked out of it.
  constexpr Index chunks_held = 5;
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  if (creation.get() < 0 || type.get() < 0 || H5Pget_layout(creation.get()) != H5D_CHUNKED ||
      H5Pget_nfilters(creation.get()) < 1) {
    return;
  }
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  const int dimensions = H5Pget_chunk(creation.get(), H5S_MAX_RANK, chunk.data());
  if (dimensions < 1) return;
  Index bytes = chunks_held * static_cast<Index>(H5Tget_size(type.get()));
  for (const hsize_t size : std::span(chunk).first(static_cast<std::size_t>(dimensions)))
    bytes = saturating_product(bytes, static_cast<Index>(size));
  info.rows_per_unpacking = std::max(info.rows_per_unpacking, static_cast<Index>(chunk.front()));
  info.unpacking_bytes = std::max(info.unpacking_bytes, bytes);
}

namespace {

Index chunk_count(const DatasetInfo& info) {
  Index count = 1;
  for (std::size_t d = 0; d < info.shape.size(); ++d)
    count *= (info.shape[d] + info.chunk[d] - 1) / info.chunk[d];
  return count;
}

std::string fill_value(hid_t creation, const DatasetInfo& info) {
  if (is_integer(info.type) && name_of(info.type).front() == 'u') {
    std::uint64_t value = 0;
    if (H5Pget_fill_value(creation, H5T_NATIVE_UINT64, &value) >= 0) return fmt::to_string(value);
  } else if (is_integer(info.type)) {
    std::int64_t value = 0;
    if (H5Pget_fill_value(creation, H5T_NATIVE_INT64, &value) >= 0) return fmt::to_string(value);
  } else {
    double value = 0;
    if (H5Pget_fill_value(creation, H5T_NATIVE_DOUBLE, &value) >= 0)
      return fmt::format("{:.9g}", value);
  }
  H5Eclear2(H5E_DEFAULT);
  return "";
}

// Rows that were promised but never written are read as the fill value: a wrong result without a
// word, unless that is what is wanted.
void refuse_unwritten(hid_t creation, const DatasetInfo& info, const std::string& what) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  H5Pfill_value_defined(creation, &defined);
  const std::string value = defined == H5D_FILL_VALUE_UNDEFINED ? "" : fill_value(creation, info);
  if (value.empty()) throw Error(ErrorKind::data, what + ", and it declares no fill value");
  if (info.address.options.accept_fill) return;
  throw Error(ErrorKind::data,
              fmt::format("{}; to read the others as the fill value that it declares, {}, give "
                          "--accept-fill",
                          what, value));
}

void require_written(const DatasetInfo& info, hid_t dataset, hid_t space, hid_t creation,
                     const std::string& name) {
  if (info.rows() == 0) return;
  const auto stored =
      static_cast<Index>(std::min<hsize_t>(H5Dget_storage_size(dataset), largest_size));
  const Index file_size = file_bytes(file_of(dataset, name));
  const H5D_layout_t layout = H5Pget_layout(creation);
  const std::string short_of_data =
      name + ": its header claims " + std::to_string(info.rows()) + " rows, but ";
  if (layout == H5D_CHUNKED) {
    hsize_t written = 0;
    checked(H5Dget_num_chunks(dataset, space, &written), name, "its chunks cannot be listed");
    if (static_cast<Index>(written) < chunk_count(info)) {
      refuse_unwritten(creation, info,
                       short_of_data + "only " + std::to_string(written) + " of its " +
                           std::to_string(chunk_count(info)) + " chunks were written");
    }
    if (stored > file_size)
      throw Error(ErrorKind::data, short_of_data + "the file is too short for them: truncated");
  }
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0) {
    const haddr_t offset = H5Dget_offset(dataset);
    if (offset == HADDR_UNDEF) {
      return refuse_unwritten(creation, info, short_of_data + "they were never written");
    }
    const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
    const Index needed = saturating_product(info.rows() * info.features(),
                                            static_cast<Index>(H5Tget_size(type.get())));
    if (needed > stored || needed > file_size ||
        offset > static_cast<haddr_t>(file_size - needed)) {
      throw Error(ErrorKind::data, short_of_data + "the file is too short for them: truncated");
    }
  }
}

}  // namespace

void read_layout(hid_t dataset, hid_t space, DatasetInfo& info, const std::string& name) {
  const Handle creation(checked(H5Dget_create_plist(dataset), name, "its layout cannot be read"),
                        H5Pclose);
  if (H5Pget_external_count(creation.get()) > 0)
    require_external_files(dataset, creation.get(), info, name);
  info.filters = filter_names(creation.get());
  require_filters(creation.get(), info.address.options.allow_external, name);
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  info.chunked = layout == H5D_CHUNKED;
  if (info.chunked) {
    std::vector<hsize_t> chunk(info.shape.size(), 1);
    checked(H5Pget_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), name,
            "its chunks cannot be read");
    info.chunk.assign(chunk.begin(), chunk.end());
    if (std::find_if(info.chunk.begin(), info.chunk.end(), [](Index size) { return size < 1; }) !=
        info.chunk.end()) {
      throw Error(ErrorKind::data, name + ": its header claims impossible chunks");
    }
  }
  note_unpacking(dataset, info);
  if (layout == H5D_VIRTUAL) require_sources(creation.get(), space, info, name);
  require_written(info, dataset, space, creation.get(), name);
}

}  // namespace hourglass::hdf5
