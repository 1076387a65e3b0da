#pragma once

#include <vector>

#include "model/autoencoder.hpp"

namespace hourglass {

/// For each of at most `most` atoms of the dictionary, evenly spaced, the largest cosine with
/// another atom: near 1 where two units stand for the same direction. Atoms of norm 0 have a cosine
/// of 0 with any. Empty for models whose decoder begins with a convolution, and for codes of one
/// unit. By products of blocks: memory for some 800 atoms and 2^17 cosines.
[[nodiscard]] std::vector<float> nearest_cosines(const Autoencoder& model, const float* parameters,
                                                 Index most);

}  // namespace hourglass
