#include "hdf5/hdf5.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "hdf5/address_list.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;
using hdf5::largest_size;
using hdf5::saturating_product;

DatasetAddress parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(":/");
  DatasetAddress address{text.substr(0, colon),
                         colon == std::string::npos ? "" : text.substr(colon + 1)};
  while (!address.path.empty() && address.path.back() == '/') address.path.pop_back();
  if (address.file.empty()) {
    throw Error(ErrorKind::usage, "\"" + text + "\" names no file; write FILE.h5:/path/to/dataset");
  }
  return address;
}

std::string to_string(const DatasetAddress& address) {
  return address.path.empty() ? address.file : address.file + ":" + address.path;
}

struct DatasetReader::State {
  DatasetInfo info;
  Handle file;
  Handle dataset;
  Handle space;
  std::string name;  ///< for messages
  std::unique_ptr<JoinedDataset>
      joined;  ///< an address of several; all else but info is unused then
};

namespace {

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

void read_type(hid_t dataset, DatasetInfo& info, const std::string& name) {
  const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
  if (hdf5::element_type_of(type.get(), info.type)) return;
  throw Error(
      ErrorKind::data,
      name + ": holds " + hdf5::describe_type(type.get()) +
          ", which cannot be read; integers of up to 64 bits and float16, float32, float64 can");
}

constexpr const char* allow_external_advice = ", or give --allow-external if you trust its origin";

// Filters of the library itself have numbers below this one; others would come as plug-ins.
void read_filters(hid_t creation, DatasetInfo& info, const std::string& name) {
  info.filters = hdf5::filter_names(creation);
  for (std::size_t i = 0; i < info.filters.size(); ++i) {
    std::size_t values = 0;
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), nullptr, &values,
                                           nullptr, 0, nullptr, nullptr);
    if ((id < H5Z_FILTER_RESERVED || info.address.allow_external) && H5Zfilter_avail(id) > 0)
      continue;
    H5Eclear2(H5E_DEFAULT);
    throw Error(ErrorKind::data, name + ": is compressed with the filter \"" + info.filters[i] +
                                     "\" (number " + std::to_string(id) +
                                     "), which cannot be read; rewrite it with h5repack -f GZIP=4" +
                                     allow_external_advice);
  }
}

Index chunk_count(const DatasetInfo& info) {
  Index count = 1;
  for (std::size_t d = 0; d < info.shape.size(); ++d)
    count *= (info.shape[d] + info.chunk[d] - 1) / info.chunk[d];
  return count;
}

// Rows that were promised but never written would be read as zeros: a wrong result without a word.
void require_written(const DatasetInfo& info, hid_t dataset, hid_t space, hid_t creation,
                     const std::string& name) {
  if (info.rows() == 0) return;
  const auto stored =
      static_cast<Index>(std::min<hsize_t>(H5Dget_storage_size(dataset), largest_size));
  const Index file_size = hdf5::file_bytes(hdf5::file_of(dataset, name));
  const H5D_layout_t layout = H5Pget_layout(creation);
  const std::string short_of_data =
      name + ": its header claims " + std::to_string(info.rows()) + " rows, but ";
  if (layout == H5D_CHUNKED) {
    hsize_t written = 0;
    checked(H5Dget_num_chunks(dataset, space, &written), name, "its chunks cannot be listed");
    if (static_cast<Index>(written) < chunk_count(info)) {
      throw Error(ErrorKind::data, short_of_data + "only " + std::to_string(written) + " of its " +
                                       std::to_string(chunk_count(info)) + " chunks were written");
    }
    if (stored > file_size)
      throw Error(ErrorKind::data, short_of_data + "the file is too short for them: truncated");
  }
  if (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0) {
    const haddr_t offset = H5Dget_offset(dataset);
    if (offset == HADDR_UNDEF)
      throw Error(ErrorKind::data, short_of_data + "they were never written");
    const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
    const Index needed = saturating_product(info.rows() * info.features(),
                                            static_cast<Index>(H5Tget_size(type.get())));
    if (needed > stored || needed > file_size ||
        offset > static_cast<haddr_t>(file_size - needed)) {
      throw Error(ErrorKind::data, short_of_data + "the file is too short for them: truncated");
    }
  }
}

// Whether a source's `space` holds the selection `part`, of which the virtual data set shows
// `shown`.
bool covers(hid_t space, hid_t part, hid_t shown) {
  // "All of it" comes without an extent of its own.
  if (H5Sget_select_type(part) == H5S_SEL_ALL)
    return H5Sget_simple_extent_npoints(space) >= H5Sget_select_npoints(shown);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  if (dimensions < 1 || dimensions != H5Sget_simple_extent_ndims(part)) return false;
  std::vector<hsize_t> shape(static_cast<std::size_t>(dimensions));
  std::vector<hsize_t> first(shape.size());
  std::vector<hsize_t> last(shape.size());
  if (H5Sget_simple_extent_dims(space, shape.data(), nullptr) < 0 ||
      H5Sget_select_bounds(part, first.data(), last.data()) < 0) {
    return false;
  }
  return std::equal(last.begin(), last.end(), shape.begin(), std::less<>());
}

// The part of a source that a virtual data set shows must be there: HDF5 fills what is missing.
void require_source(hid_t creation, std::size_t number, const std::string& file,
                    const DatasetInfo& info, const std::string& name) {
  const Handle shown(
      checked(H5Pget_virtual_vspace(creation, number), name, "its virtual mapping cannot be read"),
      H5Sclose);
  std::array<char, 4096> path{};
  checked(H5Pget_virtual_dsetname(creation, number, path.data(), path.size()), name,
          "its virtual mapping cannot be read");
  const auto beside = std::filesystem::path(info.address.file).parent_path() / file;
  const std::string place = std::filesystem::exists(beside) ? beside.string() : file;
  try {
    const Handle opened = hdf5::open_file(place, true);
    const auto object = hdf5::open_object(opened.get(), path.data(), true);
    if (object.kind != H5I_DATASET)
      throw Error(ErrorKind::data, place + ":" + path.data() + ": no such data set");
    const Handle space(
        checked(H5Dget_space(object.handle.get()), place, "its shape cannot be read"), H5Sclose);
    const Handle part(checked(H5Pget_virtual_srcspace(creation, number), name,
                              "its virtual mapping cannot be read"),
                      H5Sclose);
    if (!covers(space.get(), part.get(), shown.get())) {
      throw Error(ErrorKind::data,
                  place + ":" + path.data() + ": is smaller than what is taken from it");
    }
  } catch (const Error& error) {
    throw Error(error.kind(),
                name + ": is a virtual data set that needs another file: " + error.what());
  }
}

// HDF5 fills what a missing source of a virtual data set should hold; it must exist instead.
void require_sources(hid_t creation, hid_t space, const DatasetInfo& info,
                     const std::string& name) {
  std::size_t count = 0;
  checked(H5Pget_virtual_count(creation, &count), name, "its virtual mapping cannot be read");
  Index mapped = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string source(static_cast<std::size_t>(std::max<ssize_t>(
                           0, checked(H5Pget_virtual_filename(creation, i, nullptr, 0), name,
                                      "its virtual mapping cannot be read"))),
                       '\0');
    H5Pget_virtual_filename(creation, i, source.data(), source.size() + 1);
    if (source != "." && !info.address.allow_external) {
      throw Error(ErrorKind::data,
                  name + ": is a virtual data set over other files (" + source +
                      "), which are not followed; copy it into one file with h5repack" +
                      allow_external_advice);
    }
    if (source != ".") require_source(creation, i, source, info, name);
    const Handle part(
        checked(H5Pget_virtual_vspace(creation, i), name, "its virtual mapping cannot be read"),
        H5Sclose);
    mapped += static_cast<Index>(H5Sget_select_npoints(part.get()));
  }
  if (mapped < static_cast<Index>(H5Sget_simple_extent_npoints(space))) {
    throw Error(ErrorKind::data,
                name + ": is a virtual data set whose sources do not cover all its rows");
  }
}

// Values in files of another format: allowed they must be, and there, since HDF5 fills what is
// missing.
void require_external_files(hid_t dataset, hid_t creation, const DatasetInfo& info,
                            const std::string& name) {
  if (!info.address.allow_external) {
    throw Error(ErrorKind::data,
                name +
                    ": keeps its values in another file (external storage), which is not followed; "
                    "copy it into one file with h5repack" +
                    allow_external_advice);
  }
  constexpr std::size_t longest_name = 4096;
  Index stored = 0;
  for (unsigned i = 0; i < static_cast<unsigned>(H5Pget_external_count(creation)); ++i) {
    std::string file(longest_name, '\0');
    off_t offset = 0;
    hsize_t size = 0;
    checked(H5Pget_external(creation, i, file.size() - 1, file.data(), &offset, &size), name,
            "its external files cannot be listed");
    file.resize(file.find('\0'));
    const Index there = hdf5::file_bytes(file) - static_cast<Index>(offset);
    stored += std::max<Index>(
        0, size == H5F_UNLIMITED ? there : std::min(there, static_cast<Index>(size)));
  }
  const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
  if (stored < hdf5::saturating_product(info.rows() * info.features(),
                                        static_cast<Index>(H5Tget_size(type.get())))) {
    throw Error(ErrorKind::data,
                name + ": its header claims " + std::to_string(info.rows()) +
                    " rows, but its external files are too short for them: truncated");
  }
}

void read_layout(hid_t dataset, hid_t space, DatasetInfo& info, const std::string& name) {
  const Handle creation(checked(H5Dget_create_plist(dataset), name, "its layout cannot be read"),
                        H5Pclose);
  if (H5Pget_external_count(creation.get()) > 0)
    require_external_files(dataset, creation.get(), info, name);
  read_filters(creation.get(), info, name);
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
  if (layout == H5D_VIRTUAL) require_sources(creation.get(), space, info, name);
  require_written(info, dataset, space, creation.get(), name);
}

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
  auto object = hdf5::open_object(file, address.path, address.allow_external);
  if (object.external) {
    throw Error(ErrorKind::data,
                name + ": is a link into another file, which is not followed; name that file" +
                    allow_external_advice);
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
  const Handle access = info.address.allow_external
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

DatasetReader::DatasetReader(const DatasetAddress& address) : state_(std::make_unique<State>()) {
  State& state = *state_;
  if (names_several(address)) {
    state.joined = std::make_unique<JoinedDataset>(address);
    state.info = state.joined->info();
    return;
  }
  const hdf5::Lock lock;
  state.info.address = address;
  if (address.allow_external) hdf5::allow_plugins();
  state.file = hdf5::open_file(address.file);
  if (address.path.empty())
    state.info.address.path = only_candidate(state.file.get(), address.file);
  state.name = to_string(state.info.address);
  state.dataset = open_dataset(state.file.get(), state.info.address, state.name);
  state.space = Handle(
      checked(H5Dget_space(state.dataset.get()), state.name, "its shape cannot be read"), H5Sclose);
  read_type(state.dataset.get(), state.info, state.name);
  state.info.shape = read_shape(state.space.get(), state.name);
  read_layout(state.dataset.get(), state.space.get(), state.info, state.name);
  state.dataset =
      reopen_with_cache(std::move(state.dataset), state.file.get(), state.info, state.name);
}

DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;
DatasetReader::~DatasetReader() = default;

const DatasetInfo& DatasetReader::info() const { return state_->info; }

std::string DatasetReader::where(Index row) const {
  return state_->joined ? state_->joined->where(row)
                        : to_string(state_->info.address) + ": row " + std::to_string(row);
}

void DatasetReader::read_rows(Range rows, std::span<std::byte> bytes) const {
  const DatasetInfo& info = state_->info;
  require(rows.begin >= 0 && rows.begin <= rows.end && rows.end <= info.rows(),
          "rows outside the data set");
  require(static_cast<Index>(bytes.size()) == rows.size() * info.row_bytes(),
          "buffer of another size than the rows");
  if (rows.empty()) return;
  if (state_->joined) return state_->joined->read_rows(rows, bytes);
  const hdf5::Lock lock;
  const std::string& name = state_->name;
  std::vector<hsize_t> start(info.shape.size(), 0);
  std::vector<hsize_t> count(info.shape.begin(), info.shape.end());
  start.front() = static_cast<hsize_t>(rows.begin);
  count.front() = static_cast<hsize_t>(rows.size());
  checked(H5Sselect_hyperslab(state_->space.get(), H5S_SELECT_SET, start.data(), nullptr,
                              count.data(), nullptr),
          name, "rows cannot be selected");
  const Handle memory(
      checked(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), name,
              "rows cannot be selected"),
      H5Sclose);
  if (H5Dread(state_->dataset.get(), hdf5::native_type(info.type), memory.get(),
              state_->space.get(), H5P_DEFAULT, bytes.data()) >= 0) {
    return;
  }
  const std::string reason = hdf5::take_reason();
  const bool refused = reason.find("file read failed") != std::string::npos;
  throw Error(refused ? ErrorKind::io : ErrorKind::data,
              name + ": rows " + std::to_string(rows.begin) + " to " +
                  std::to_string(rows.end - 1) + " cannot be read (" + reason + ")");
}

std::string hdf5_version() {
  const hdf5::Lock lock;
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
#ifdef H5_HAVE_PARALLEL
  const char* flavour = ", parallel";
#else
  const char* flavour = "";
#endif
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release) +
         flavour;
}

}  // namespace hourglass
