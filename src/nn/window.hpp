#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A pair of sizes, along the height and the width of an image.
struct Extents {
  Index height = 1;
  Index width = 1;

  friend bool operator==(const Extents&, const Extents&) = default;
};

/// A window that moves over an image (as in torch.nn.Conv2d and ConvTranspose2d).
struct Window {
  Extents kernel;
  Extents stride;
  Extents padding = {0, 0};  ///< zeros around the image, on each side
  /// Transposed: rows and columns of the output beyond (inputs - 1) stride - 2 padding + kernel.
  Extents output_padding = {0, 0};

  friend bool operator==(const Window&, const Window&) = default;
};

}  // namespace hourglass
