#include <algorithm>

#include "core/edit_distance.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

namespace {

struct Found {
  std::vector<std::string> paths;
  std::size_t limit = 0;
};

herr_t keep_dataset(hid_t, const char* name, const H5O_info_t* info, void* data) {
  auto& found = *static_cast<Found*>(data);
  if (info->type == H5O_TYPE_DATASET) found.paths.push_back(std::string("/") + name);
  return found.paths.size() >= found.limit ? 1 : 0;
}

}  // namespace

std::vector<std::string> list_datasets(hid_t file, std::size_t limit) {
  const Lock lock;
  Found found{{}, limit};
  // A damaged branch ends the visit early: what was found until then is still worth telling.
  if (H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, keep_dataset, &found, H5O_INFO_BASIC) < 0)
    H5Eclear2(H5E_DEFAULT);
  return found.paths;
}

std::string listing(hid_t file, const std::string& wanted) {
  constexpr std::size_t searched = 10000;
  constexpr std::size_t shown = 10;
  std::vector<std::string> paths = list_datasets(file, searched);
  if (paths.empty()) return "it holds no data sets";
  if (!wanted.empty()) {
    // Data sets below a group that was named come before all others.
    const auto distance = [&](const std::string& path) {
      return path.starts_with(wanted + "/") ? std::size_t{0} : edit_distance(wanted, path);
    };
    std::stable_sort(paths.begin(), paths.end(), [&](const std::string& a, const std::string& b) {
      return distance(a) < distance(b);
    });
  }
  std::string text = "it holds ";
  for (std::size_t i = 0; i < std::min(shown, paths.size()); ++i)
    text += (i == 0 ? "" : ", ") + paths[i];
  if (paths.size() > shown) text += " and " + std::to_string(paths.size() - shown) + " more";
  return text;
}

}  // namespace hourglass::hdf5
