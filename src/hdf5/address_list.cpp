#include "hdf5/address_list.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>

#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool is_pattern(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

}  // namespace

std::vector<std::string> expand_pattern(const std::string& pattern) {
  if (!is_pattern(pattern) || exists(pattern)) return {pattern};
  glob_t found{};
  const int code = glob(pattern.c_str(), GLOB_ERR, nullptr, &found);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + (code == 0 ? found.gl_pathc : 0));
  globfree(&found);
  if (code == GLOB_NOMATCH || (code == 0 && paths.empty())) {
    throw Error(ErrorKind::io,
                pattern + ": no file matches; is the pattern quoted and the folder right?");
  }
  if (code != 0) throw Error(ErrorKind::io, pattern + ": a folder of it cannot be read");
  // The order is part of the data, so it must not depend on the locale.
  std::ranges::sort(paths);
  return paths;
}

bool names_several(const DatasetAddress& address) {
  const bool list = address.file.find(',') != std::string::npos;
  return (list || (is_pattern(address.file) && !names_side_by_side(address))) &&
         !exists(address.file);
}

bool names_side_by_side(const DatasetAddress& address) {
  return address.file.find('+') != std::string::npos &&
         address.file.find(',') == std::string::npos && !exists(address.file);
}

std::vector<DatasetAddress> split_sides(const DatasetAddress& address) {
  std::vector<DatasetAddress> sides;
  const std::vector<std::string> items = split_list(address.file, '+');
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].empty())
      throw Error(ErrorKind::usage,
                  "\"" + to_string(address) + "\" has an empty item beside a plus sign");
    DatasetAddress side = parse_address(items[i]);
    if (side.path.empty()) side.path = address.path;
    side.options = address.options;
    sides.push_back(side);
  }
  return sides;
}

std::vector<DatasetAddress> expand_addresses(const DatasetAddress& address) {
  if (!names_several(address)) return {address};
  std::vector<DatasetAddress> all;
  for (const std::string& item : split_list(to_string(address))) {
    if (item.empty())
      throw Error(ErrorKind::usage,
                  "\"" + to_string(address) + "\" has an empty item between commas");
    DatasetAddress part = parse_address(item);
    if (part.path.empty()) part.path = address.path;
    if (names_side_by_side(part)) {
      all.push_back({part.file, part.path, address.options});
      continue;
    }
    for (const std::string& file : expand_pattern(part.file))
      all.push_back({file, part.path, address.options});
  }
  return all;
}

}  // namespace hourglass
