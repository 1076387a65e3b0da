#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The weights of samples: w_i N / (w_1 + ... + w_N), so that their mean is 1. The data set at
/// `address` holds one number for each row that `samples` were chosen from; the same rows and part
/// of them are taken, and a window weighs as much as its rows on average. Throws as DatasetReader
/// does, and Error(data) when there are more or fewer, when one is negative or not finite, or all
/// are 0.
[[nodiscard]] std::vector<float> read_sample_weights(const std::string& address,
                                                     const DatasetInfo& samples);

}  // namespace hourglass
