#include "hdf5/columns_by_name.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <unordered_map>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using Names = std::vector<std::string>;
using Places = std::unordered_map<std::string, Index>;

constexpr const char* advice = ": give the columns of all files the same names";

Places places_of(const DatasetInfo& info) {
  Places places;
  for (const std::string& name : info.feature_names) {
    if (!places.emplace(name, static_cast<Index>(places.size())).second) {
      throw Error(ErrorKind::data, to_string(info.address) + ": has two columns '" + name +
                                       "', so that its columns cannot be told apart by name" +
                                       advice);
    }
  }
  return places;
}

bool is_coordinate(const std::string& name) {
  const std::size_t sign = name.find('=');
  const std::string text = sign == std::string::npos ? name : name.substr(sign + 1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end;
}

// The first of `wanted` that is not among the places, or nullptr.
const std::string* first_missing(const Names& wanted, const Places& places) {
  const auto found =
      std::ranges::find_if(wanted, [&](const std::string& name) { return !places.contains(name); });
  return found == wanted.end() ? nullptr : &*found;
}

}  // namespace

bool are_coordinates(const Names& names) { return std::ranges::all_of(names, is_coordinate); }

std::vector<Index> columns_by_name(const DatasetInfo& first, const DatasetInfo& other) {
  const Names& wanted = first.feature_names;
  const Names& given = other.feature_names;
  const bool tables = first.shape.size() == 2 && other.shape.size() == 2;
  if (!tables || wanted.empty() || given.empty() || wanted == given) return {};
  if (are_coordinates(wanted) && are_coordinates(given) &&
      !std::ranges::is_permutation(wanted, given))
    return {};
  const Places places = places_of(other);
  const std::string name = to_string(other.address);
  const std::string origin = to_string(first.address);
  if (const std::string* const missing = first_missing(wanted, places); missing != nullptr) {
    throw Error(ErrorKind::data,
                name + ": has no column '" + *missing + "', which " + origin + " has" + advice);
  }
  // Genes that only some of the files have are left out.
  const std::string* const extra =
      other.entries.known() ? nullptr : first_missing(given, places_of(first));
  if (extra != nullptr) {
    throw Error(ErrorKind::data, name + ": has a column '" + *extra + "', which " + origin +
                                     " does not have" + advice);
  }
  std::vector<Index> columns;
  for (const std::string& column : wanted) columns.push_back(places.at(column));
  return columns;
}

}  // namespace hourglass
