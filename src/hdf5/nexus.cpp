#include "hdf5/nexus.hpp"

#include <algorithm>
#include <vector>

#include "hdf5/foreign_attributes.hpp"

namespace hourglass::hdf5 {

namespace {

std::string below(const std::string& group, const std::string& name) {
  return (group == "/" ? "" : group) + "/" + name;
}

// Paths of the groups that have the class NXdata and name a signal that exists.
std::vector<std::string> signals(hid_t file) {
  constexpr std::size_t searched = 1000;
  std::vector<std::string> found;
  for (const std::string& path : list_datasets(file, searched)) {
    const std::string parent = path.substr(0, path.rfind('/'));
    if (parent.empty()) continue;
    const OpenedObject group = open_object(file, parent);
    if (group.kind != H5I_GROUP || text_attribute(group.handle.get(), "NX_class") != "NXdata")
      continue;
    if (path == below(parent, text_attribute(group.handle.get(), "signal"))) found.push_back(path);
  }
  return found;
}

}  // namespace

std::string nexus_signal(hid_t file) {
  std::string path = "/";
  for (int depth = 0; depth < 8; ++depth) {
    const OpenedObject object = open_object(file, path);
    if (object.kind != H5I_GROUP) return "";
    const std::string signal = text_attribute(object.handle.get(), "signal");
    const std::string next = text_attribute(object.handle.get(), "default");
    if (!signal.empty() && text_attribute(object.handle.get(), "NX_class") == "NXdata") {
      const std::string named = below(path, signal);
      return open_object(file, named).kind == H5I_DATASET ? named : "";
    }
    if (next.empty()) break;
    path = next.starts_with('/') ? next : below(path, next);
  }
  const auto found = signals(file);
  return found.size() == 1 ? found.front() : "";
}

}  // namespace hourglass::hdf5
