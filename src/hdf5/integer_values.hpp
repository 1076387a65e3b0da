#pragma once

#include <cstdint>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// All values of a data set of integers, row after row; unsigned ones beyond the largest signed
/// number keep their bits. Throws as DatasetReader::read_rows.
[[nodiscard]] std::vector<std::int64_t> read_integers(const DatasetReader& reader);

}  // namespace hourglass
