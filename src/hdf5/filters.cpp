#include "hdf5/filters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "hdf5/hdf5_handle.hpp"
#include "hdf5/lzf_filter.hpp"

namespace hourglass::hdf5 {

namespace {

struct KnownFilter {
  H5Z_filter_t number;
  std::string_view name;
  std::string_view package;  ///< of Debian, with a plug-in for it
};

// Numbers registered with the HDF Group, of the filters met most.
constexpr std::array known_filters = {
    KnownFilter{305, "LZO", ""},
    KnownFilter{307, "bzip2", "hdf5-filter-plugin"},
    KnownFilter{32001, "Blosc", "hdf5-filter-plugin-blosc-serial"},
    KnownFilter{32004, "LZ4", "hdf5-filter-plugin"},
    KnownFilter{32008, "bitshuffle", "bitshuffle"},
    KnownFilter{32013, "ZFP", "hdf5-filter-plugin-zfp-serial"},
    KnownFilter{32015, "Zstandard", ""},
    KnownFilter{32017, "SZ", ""},
    KnownFilter{32018, "FCIDECOMP", ""},
    KnownFilter{32019, "JPEG", ""},
    KnownFilter{32022, "granular bit rounding", ""},
    KnownFilter{32024, "SZ3", ""},
    KnownFilter{32026, "Blosc2", ""},
};
constexpr H5Z_filter_t lzo_filter = 305;

constexpr const char* own_folder_part = "/openmpi/";
constexpr const char* serial_folder_part = "/serial/";

std::vector<std::string> folders() {
  std::vector<std::string> result;
  unsigned count = 0;
  H5PLsize(&count);
  for (unsigned i = 0; i < count; ++i) {
    const ssize_t length = H5PLget(i, nullptr, 0);
    if (length <= 0) continue;
    std::string folder(static_cast<std::size_t>(length), '\0');
    H5PLget(i, folder.data(), folder.size() + 1);
    result.push_back(folder);
  }
  H5Eclear2(H5E_DEFAULT);
  return result;
}

std::string reason(H5Z_filter_t number, const KnownFilter* known, bool plugins_allowed) {
  if (number == lzo_filter) {
    return "which PyTables alone undoes: rewrite the file with ptrepack --complib=zlib "
           "--complevel=4 IN:/ OUT:/";
  }
  if (number < H5Z_FILTER_RESERVED) return "which this HDF5 library was built without";
  const bool packaged = known != nullptr && !known->package.empty();
  if (!plugins_allowed) {
    const std::string needs = "which needs a plug-in";
    return (packaged ? fmt::format("{} (Debian's package {})", needs, known->package) : needs) +
           ": give --allow-external if you trust its origin";
  }
  const std::string looked = fmt::format("for which no plug-in is in {}: ", plugin_folders());
  if (packaged) {
    return looked + fmt::format(
                        "install Debian's package {}, or set HDF5_PLUGIN_PATH to the "
                        "folder of the plug-in",
                        known->package);
  }
  return looked +
         "set HDF5_PLUGIN_PATH to the folder of one, or rewrite the data without this filter where "
         "they were made";
}

}  // namespace

void allow_plugins() {
  const Lock lock;
  H5PLset_loading_state(H5PL_ALL_PLUGIN);
  static const bool ready = [] {
    if (std::getenv("HDF5_PLUGIN_PATH") != nullptr) return true;
    for (std::string folder : folders()) {
      const std::size_t place = folder.find(own_folder_part);
      if (place == std::string::npos) continue;
      folder.replace(place, std::string_view(own_folder_part).size(), serial_folder_part);
      H5PLappend(folder.c_str());
    }
    H5Eclear2(H5E_DEFAULT);
    return true;
  }();
  static_cast<void>(ready);
}

std::string plugin_folders() {
  const Lock lock;
  return fmt::format("{}", fmt::join(folders(), ", "));
}

void require_filters(hid_t creation, bool plugins_allowed, const std::string& name) {
  const Lock lock;
  const std::vector<std::string> names = filter_names(creation);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::size_t values = 0;
    const H5Z_filter_t number = H5Pget_filter2(creation, static_cast<unsigned>(i), nullptr, &values,
                                               nullptr, 0, nullptr, nullptr);
    const bool own = number < H5Z_FILTER_RESERVED || number == lzf_filter;
    if ((own || plugins_allowed) && H5Zfilter_avail(number) > 0) continue;
    H5Eclear2(H5E_DEFAULT);
    const auto* known = std::ranges::find(known_filters, number, &KnownFilter::number);
    const bool found = known != known_filters.end();
    throw Error(ErrorKind::data,
                fmt::format("{}: is compressed with {} (filter {}), {}", name,
                            found ? std::string(known->name) : names[i], number,
                            reason(number, found ? known : nullptr, plugins_allowed)));
  }
}

}  // namespace hourglass::hdf5
