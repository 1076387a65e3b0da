#include "hdf5/hdf5.hpp"

#include <algorithm>

#include "hdf5/address_list.hpp"
#include "hdf5/dataset_checks.hpp"
#include "hdf5/external_data.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/joined_dataset.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

using hdf5::checked;
using hdf5::Handle;
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
  hdf5::read_type(state.dataset.get(), state.info, state.name);
  state.info.shape = hdf5::read_shape(state.space.get(), state.name);
  hdf5::read_layout(state.dataset.get(), state.space.get(), state.info, state.name);
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
