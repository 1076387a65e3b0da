#include "hdf5/only_samples.hpp"

#include <vector>

#include "hdf5/dialect.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass::hdf5 {

std::string only_samples(hid_t file, const std::string& file_name) {
  constexpr std::size_t searched = 1000;
  if (std::string path = samples_of_dialect(file, file_name); !path.empty()) return path;
  // Samples and labels lie together; the samples are the set with a row of features.
  std::vector<std::string> tables;
  std::vector<std::string> records;
  std::vector<std::string> vectors;
  for (const std::string& path : list_datasets(file, searched)) {
    const auto object = open_object(file, path);
    if (object.kind != H5I_DATASET || !may_be_samples(object.handle.get(), path)) continue;
    const Handle type(H5Dget_type(object.handle.get()), H5Tclose);
    const Handle space(H5Dget_space(object.handle.get()), H5Sclose);
    const int dimensions = H5Sget_simple_extent_ndims(space.get());
    if (type.get() < 0 || dimensions < 1) continue;
    ElementType element{};
    if (element_type_of(type.get(), element)) {
      (dimensions >= 2 ? tables : vectors).push_back(path);
    } else if (H5Tget_class(type.get()) == H5T_COMPOUND) {
      records.push_back(path);
    }
  }
  const auto& candidates = !tables.empty() ? tables : !records.empty() ? records : vectors;
  if (candidates.size() == 1) return candidates.front();
  throw Error(ErrorKind::data, file_name + ": " + listing(file, "") +
                                   (candidates.empty() ? ", none of numbers"
                                                       : "; name one: " + file_name + ":/path"));
}

}  // namespace hourglass::hdf5
