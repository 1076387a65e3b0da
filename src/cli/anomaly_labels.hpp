#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Which samples are anomalies according to --labels, or to the labels beside them: 1 where a label
/// is one of `anomalies`, names of classes or numbers. Throws Error(usage) for one that there is
/// not and Error(data) when there are no labels.
[[nodiscard]] std::vector<std::uint8_t> find_anomalies(const Arguments& arguments,
                                                       const DatasetReader& reader,
                                                       const std::vector<std::string>& anomalies);

}  // namespace hourglass
