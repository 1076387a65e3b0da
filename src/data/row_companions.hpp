#pragma once

#include <string>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The address of a data set that has something for each row that samples are made of (labels,
/// weights), with the views of rows that the samples were read with: rows, part and windows. Throws
/// as DatasetReader does, and Error(data) when it has more or fewer rows than the data set that the
/// samples were chosen from; `noun` says what it holds.
[[nodiscard]] DatasetAddress companion_of_rows(const std::string& address,
                                               const DatasetInfo& samples, const char* noun);

}  // namespace hourglass
