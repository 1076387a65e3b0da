#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// Attributes and texts as other tools write them: of any type, fixed or variable length, one value
/// or several. What is not there or of another kind is empty. The caller holds the Lock.
namespace hourglass::hdf5 {

[[nodiscard]] bool has_foreign_attribute(hid_t object, const char* attribute);

/// "" when there is none, or it is not one text.
[[nodiscard]] std::string text_attribute(hid_t object, const char* attribute);
/// Empty when there is none, or it is not text.
[[nodiscard]] std::vector<std::string> texts_attribute(hid_t object, const char* attribute);
/// The texts of a data set: strings, or netCDF's arrays of characters, of which each row is a
/// string. Empty when it is another type.
[[nodiscard]] std::vector<std::string> texts_of(hid_t dataset);

using Number = std::variant<std::int64_t, std::uint64_t, double>;
struct Numbers {
  ElementType type = ElementType::f64;
  std::vector<Number> values;
};
/// Empty when there is none. Throws Error(data), naming it, when it is there but not numbers, or
/// more than 1024 of them.
[[nodiscard]] Numbers numbers_attribute(hid_t object, const char* attribute,
                                        const std::string& name);

/// Whether a group has links of all these names.
[[nodiscard]] bool has_links(hid_t group, std::initializer_list<const char*> names);

/// The paths of the data sets that references in the attribute point to, one per element, or "".
/// For DIMENSION_LIST, whose elements are lists of references, the first of each list.
[[nodiscard]] std::vector<std::string> referenced_paths(hid_t object, const char* attribute);

/// The absolute path of an open object, or "".
[[nodiscard]] std::string path_of(hid_t object);

}  // namespace hourglass::hdf5
