#pragma once

#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Sizes along the height, the width and the depth of a sample. An axis that the sample does not
/// have counts 1.
struct Extents {
  Index height = 1;
  Index width = 1;
  Index depth = 1;

  [[nodiscard]] Index product() const { return depth * height * width; }
  friend bool operator==(const Extents&, const Extents&) = default;
};

/// Sizes that are 0 along the axes that a sample does not have.
struct Margins {
  Index height = 0;
  Index width = 0;
  Index depth = 0;

  friend bool operator==(const Margins&, const Margins&) = default;
};

/// Sizes in the order of memory, along the last `dimensions` of depth, height and width.
template <class Sizes>
[[nodiscard]] std::vector<Index> axes_of(const Sizes& sizes, Index dimensions) {
  const Index all[] = {sizes.depth, sizes.height, sizes.width};
  return {all + 3 - dimensions, all + 3};
}

/// A window that moves over a series along its width, over an image along height and width, or over
/// a volume along depth, height and width (as in torch.nn.Conv1d, Conv2d, Conv3d and their
/// transposed forms).
struct Window {
  Extents kernel;
  Extents stride;
  Margins padding;  ///< zeros around the sample, on each side
  /// Transposed: extents of the output beyond (inputs - 1) stride - 2 padding + kernel.
  Margins output_padding;
  Index dimensions = 2;  ///< axes that it moves along: 1 to 3

  friend bool operator==(const Window&, const Window&) = default;
};

}  // namespace hourglass
