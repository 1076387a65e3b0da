#pragma once

#include <optional>
#include <string>

#include "data/normalization.hpp"
#include "hdf5/hdf5.hpp"
#include "nn/activation.hpp"

namespace hourglass {

/// The least and the largest value that s(z) takes; infinite where it grows without end.
struct OutputRange {
  double lowest;
  double highest;
};
[[nodiscard]] OutputRange output_range(Activation activation);

/// One line for a network whose outputs cannot reach its samples (a sigmoid and values beyond [0,
/// 1]), so that no training makes its error small, or for integers that use less than a hundredth
/// of their type's range; nothing otherwise. Looks at up to 128 evenly spaced rows, and lets one
/// value in a hundred be outside. With `targets`, only the last so many features of a row are
/// outputs.
[[nodiscard]] std::optional<std::string> output_range_advice(const DatasetReader& reader,
                                                             const InputTransform& transform,
                                                             Activation output_activation,
                                                             Index targets = 0);

}  // namespace hourglass
