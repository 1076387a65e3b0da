#include "hdf5/external_data.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <vector>

#include "hdf5/dataset_checks.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

namespace {

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
void require_source(hid_t creation, std::size_t number, const std::string& file, DatasetInfo& info,
                    const std::string& name) {
  const Handle shown(
      checked(H5Pget_virtual_vspace(creation, number), name, "its virtual mapping cannot be read"),
      H5Sclose);
  std::array<char, 4096> path{};
  checked(H5Pget_virtual_dsetname(creation, number, path.data(), path.size()), name,
          "its virtual mapping cannot be read");
  const auto beside = std::filesystem::path(info.address.file).parent_path() / file;
  const std::string place = std::filesystem::exists(beside) ? beside.string() : file;
  try {
    const Handle opened = open_file(place, true);
    const auto object = open_object(opened.get(), path.data(), true);
    if (object.kind != H5I_DATASET)
      throw Error(ErrorKind::data, place + ":" + path.data() + ": no such data set");
    note_unpacking(object.handle.get(), info);
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

}  // namespace

void require_sources(hid_t creation, hid_t space, DatasetInfo& info, const std::string& name) {
  std::size_t count = 0;
  checked(H5Pget_virtual_count(creation, &count), name, "its virtual mapping cannot be read");
  Index mapped = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string source(static_cast<std::size_t>(std::max<ssize_t>(
                           0, checked(H5Pget_virtual_filename(creation, i, nullptr, 0), name,
                                      "its virtual mapping cannot be read"))),
                       '\0');
    H5Pget_virtual_filename(creation, i, source.data(), source.size() + 1);
    if (source != "." && !info.address.options.allow_external) {
      throw Error(
          ErrorKind::data,
          name + ": is a virtual data set over other files (" + source +
              "), which are not followed; copy it into one file with h5repack -l CONTI IN OUT" +
              allow_external_advice);
    }
    if (source != ".") require_source(creation, i, source, info, name);
    const Handle part(
        checked(H5Pget_virtual_vspace(creation, i), name, "its virtual mapping cannot be read"),
        H5Sclose);
    mapped += static_cast<Index>(H5Sget_select_npoints(part.get()));
  }
  if (mapped < static_cast<Index>(H5Sget_simple_extent_npoints(space)) &&
      !info.address.options.accept_fill) {
    throw Error(ErrorKind::data,
                name +
                    ": is a virtual data set whose sources do not cover all its rows; to read the "
                    "others as its fill value, give --accept-fill");
  }
}

void refuse_broken_link(hid_t file, const DatasetAddress& address, const std::string& name) {
  H5L_info_t link{};
  std::array<char, 4096> value{};
  const char* target_file = nullptr;
  const char* target_path = nullptr;
  const bool found =
      H5Lget_info(file, address.path.c_str(), &link, H5P_DEFAULT) >= 0 &&
      link.type == H5L_TYPE_EXTERNAL && link.u.val_size < value.size() &&
      H5Lget_val(file, address.path.c_str(), value.data(), value.size(), H5P_DEFAULT) >= 0 &&
      H5Lunpack_elink_val(value.data(), link.u.val_size, nullptr, &target_file, &target_path) >= 0;
  H5Eclear2(H5E_DEFAULT);
  if (!found) return;
  const auto beside = std::filesystem::path(address.file).parent_path() / target_file;
  const std::string place = std::filesystem::exists(beside) ? beside.string() : target_file;
  try {
    const Handle opened = open_file(place);
    throw Error(ErrorKind::data, place + ":" + target_path + ": no such data set; " +
                                     listing(opened.get(), target_path));
  } catch (const Error& error) {
    throw Error(error.kind(), name + ": is a link into another file: " + error.what());
  }
}

void require_external_files(hid_t dataset, hid_t creation, const DatasetInfo& info,
                            const std::string& name) {
  if (!info.address.options.allow_external) {
    throw Error(ErrorKind::data,
                name +
                    ": keeps its values in another file (external storage), which is not followed; "
                    "copy it into one file with h5repack -l CONTI IN OUT" +
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
    const Index there = file_bytes(file) - static_cast<Index>(offset);
    stored += std::max<Index>(
        0, size == H5F_UNLIMITED ? there : std::min(there, static_cast<Index>(size)));
  }
  const Handle type(checked(H5Dget_type(dataset), name, "its type cannot be read"), H5Tclose);
  if (stored < saturating_product(info.rows() * info.features(),
                                  static_cast<Index>(H5Tget_size(type.get())))) {
    throw Error(ErrorKind::data,
                name + ": its header claims " + std::to_string(info.rows()) +
                    " rows, but its external files are too short for them: truncated");
  }
}

}  // namespace hourglass::hdf5
