#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The texts of an attribute (read_text_list) of the data set at an address; of the first, where it
/// names several. Throws as DatasetReader does.
[[nodiscard]] std::vector<std::string> dataset_texts(const DatasetAddress& address,
                                                     const std::string& attribute);

}  // namespace hourglass
