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
  return address.file.find_first_of("*?[,") != std::string::npos && !exists(address.file);
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
    for (const std::string& file : expand_pattern(part.file))
      all.push_back({file, part.path, address.options});
  }
  return all;
}

}  // namespace hourglass
