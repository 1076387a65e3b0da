#pragma once

#include <hdf5.h>

#include <map>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A group to be made, or an existing one, with attributes.
struct GroupSpec {
  std::string path;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<Index>> numbers;  ///< arrays of 64-bit integers, perhaps empty
};

/// A data set of texts to be made, stored with the length of the longest.
struct TextSpec {
  std::string path;
  Index count = 0;
  std::vector<std::string> values;           ///< `count`, or none: the numbers from 0
  std::map<std::string, std::string> texts;  ///< attributes
};

/// Makes them in a file open for writing; attributes that exist are left. Throws Error(io).
void make_group_of(hid_t file, const GroupSpec& spec, const std::string& name);
void make_texts(hid_t file, const TextSpec& spec, const std::string& name);

}  // namespace hourglass
