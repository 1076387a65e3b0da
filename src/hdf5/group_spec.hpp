#pragma once

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
  std::map<std::string, std::vector<std::string>> lists;
};

/// A data set of texts to be made, stored with the length of the longest.
struct TextSpec {
  std::string path;
  Index count = 0;
  std::vector<std::string> values;           ///< `count`, or none: the numbers from 0
  std::map<std::string, std::string> texts;  ///< attributes
};

}  // namespace hourglass
