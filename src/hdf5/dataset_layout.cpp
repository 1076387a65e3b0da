#include "hdf5/dataset_layout.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>

#include "hdf5/group_layout.hpp"
#include "hdf5/hdf5_attributes.hpp"
#include "hdf5/text_list_attribute.hpp"
#include "hdf5/write_driver.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

using hdf5::Handle;
using hdf5::written;

namespace {

// A chunk may not be larger than the data set, and cannot be empty.
Index chunk_rows_of(const DatasetSpec& spec) {
  return std::min(spec.chunk_rows, spec.shape.front());
}

Handle creation_of(const DatasetSpec& spec, const std::string& name) {
  Handle creation(written(H5Pcreate(H5P_DATASET_CREATE), name, "no creation properties"), H5Pclose);
  written(H5Pset_obj_track_times(creation.get(), 0), name, "no creation properties");
  written(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), name, "no creation properties");
  if (spec.compression == 0) {
    // Allocated at once: ranks then write without touching metadata.
    written(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), name,
            "no creation properties");
  }
  if (chunk_rows_of(spec) == 0) return creation;
  std::vector<hsize_t> chunk(spec.shape.begin(), spec.shape.end());
  chunk.front() = static_cast<hsize_t>(chunk_rows_of(spec));
  written(H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data()), name,
          "no chunks of this shape");
  if (spec.compression > 0) {
    written(H5Pset_shuffle(creation.get()), name, "no compression");
    written(H5Pset_deflate(creation.get(), static_cast<unsigned>(spec.compression)), name,
            "no compression");
  }
  return creation;
}

}  // namespace

Index value_bytes(const DatasetSpec& spec) {
  Index bytes = size_of(spec.type);
  for (const Index size : spec.shape) bytes = hdf5::saturating_product(bytes, size);
  return bytes;
}

void check_spec(const DatasetSpec& spec, int ranks) {
  require(spec.path.size() > 1 && spec.path.front() == '/' && spec.path.back() != '/',
          "a data set path that is not absolute");
  require(!spec.shape.empty() && spec.shape.front() >= 0, "a data set without rows");
  require(
      std::all_of(spec.shape.begin() + 1, spec.shape.end(), [](Index size) { return size > 0; }),
      "rows without features");
  require(value_bytes(spec) < hdf5::largest_size, "a data set of an impossible size");
  require(spec.chunk_rows >= 0 && spec.compression >= 0 && spec.compression <= 9,
          "impossible chunks or compression");
  require(spec.compression == 0 || (spec.chunk_rows > 0 && ranks == 1),
          "compression without chunks or by several ranks");
}

Index suggested_chunk_rows(const std::vector<Index>& shape, ElementType type) {
  constexpr Index target = 128 << 10;
  constexpr Index block = 32;  // the default of the training's shuffled blocks
  if (shape.empty() || shape.front() == 0) return 0;
  Index row_bytes = size_of(type);
  for (std::size_t d = 1; d < shape.size(); ++d)
    row_bytes = hdf5::saturating_product(row_bytes, std::max<Index>(shape[d], 1));
  const Index rows = std::max<Index>(target / row_bytes, 1);
  return std::min(shape.front(), rows >= block ? rows / block * block : rows);
}

void require_absent(hid_t file, const std::string& path, const std::string& name) {
  const hdf5::Lock lock;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool whole = part.size() == path.size();
    const bool exists = H5Lexists(file, part.c_str(), H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    if (!exists) return;
    const H5I_type_t kind = hdf5::open_object(file, part).kind;
    if (whole || kind != H5I_GROUP) {
      throw Error(ErrorKind::usage,
                  name + ":" + part + ": already exists; choose another group or remove the file");
    }
  }
}

Handle dataset_access(const DatasetSpec& spec, const std::string& name) {
  Handle access(written(H5Pcreate(H5P_DATASET_ACCESS), name, "no access properties"), H5Pclose);
  if (chunk_rows_of(spec) == 0) return access;
  // Two chunks stay open, so that rows may come in any portions; the library's own cache may be
  // smaller than one.
  constexpr Index smallest = Index{1} << 20;
  constexpr Index largest = Index{256} << 20;
  constexpr std::size_t slots = 521;
  const Index chunks_bytes =
      hdf5::saturating_product(2 * chunk_rows_of(spec), value_bytes(spec) / spec.shape.front());
  const auto cache = static_cast<std::size_t>(std::clamp(chunks_bytes, smallest, largest));
  written(H5Pset_chunk_cache(access.get(), slots, cache, 1.0), name, "no chunk cache");
  return access;
}

void make_dataset(hid_t file, const DatasetSpec& spec, const std::string& name) {
  for (const GroupSpec& made : spec.groups) make_group_of(file, made, name);
  for (const TextSpec& texts : spec.text_sets) make_texts(file, texts, name);
  const std::size_t slash = spec.path.rfind('/');
  const Handle group = hdf5::make_group(file, slash == 0 ? "/" : spec.path.substr(0, slash), name);
  const std::vector<hsize_t> sizes(spec.shape.begin(), spec.shape.end());
  const Handle space(
      written(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), name,
              "a shape cannot be stored"),
      H5Sclose);
  const Handle creation = creation_of(spec, name);
  const Handle dataset(written(H5Dcreate2(group.get(), spec.path.substr(slash + 1).c_str(),
                                          hdf5::stored_type(spec.type), space.get(), H5P_DEFAULT,
                                          creation.get(), H5P_DEFAULT),
                               name, "a data set cannot be made"),
                       H5Dclose);
  for (const auto& [key, value] : spec.texts) hdf5::write_text(dataset.get(), key, value, name);
  for (const auto& [key, texts] : spec.lists)
    hdf5::write_text_list(dataset.get(), key, texts, name);
  for (const auto& [key, text] : spec.long_texts)
    hdf5::write_long_text(dataset.get(), key, text, name);
}

void make_layout(const AtomicFile& target, std::span<const DatasetSpec> specs,
                 const std::string& source) {
  const hdf5::Lock lock;
  const std::string& name = target.path();
  const std::string& temporary = target.temporary_path();
  constexpr Index metadata = Index{1} << 16;
  std::error_code error;
  const bool adding = std::filesystem::exists(source, error);
  Index bytes = metadata + (adding ? hdf5::file_bytes(source) : 0);
  for (const DatasetSpec& spec : specs)
    bytes += spec.compression == 0 ? value_bytes(spec) : metadata;
  {
    const posix::FileDescriptor probe = posix::open_file(temporary, O_WRONLY, name);
    posix::probe_space(probe.get(), bytes, name);
  }
  if (adding) {
    std::filesystem::copy_file(source, temporary, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (error) posix::throw_write_error(error.value(), name, bytes);
  }
  hdf5::WriteStatus status;
  Handle file = hdf5::open_safely(temporary, name, !adding, &status);
  for (const DatasetSpec& spec : specs) make_dataset(file.get(), spec, name);
  hdf5::close_safely(file, name, status);
}

ValuePlaces locate_values(hid_t file, const DatasetSpec& spec, const std::string& name) {
  const hdf5::Lock lock;
  const char* const what = "the place of its values is unknown";
  const Handle dataset(written(H5Dopen2(file, spec.path.c_str(), H5P_DEFAULT), name, what),
                       H5Dclose);
  const auto place = [&](haddr_t address) {
    if (address == HADDR_UNDEF) throw Error(ErrorKind::io, name + ": " + what);
    return static_cast<Index>(address);
  };
  ValuePlaces places;
  const Index rows = spec.shape.front();
  places.rows_at_once = chunk_rows_of(spec) == 0 ? rows : chunk_rows_of(spec);
  places.row_bytes = rows == 0 ? 0 : value_bytes(spec) / rows;
  if (rows == 0) return places;
  if (chunk_rows_of(spec) == 0) {
    places.offsets.push_back(place(H5Dget_offset(dataset.get())));
    return places;
  }
  std::vector<hsize_t> corner(spec.shape.size(), 0);
  for (Index row = 0; row < rows; row += places.rows_at_once) {
    corner.front() = static_cast<hsize_t>(row);
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    written(H5Dget_chunk_info_by_coord(dataset.get(), corner.data(), &mask, &address, &bytes), name,
            what);
    places.offsets.push_back(place(address));
  }
  return places;
}

}  // namespace hourglass
