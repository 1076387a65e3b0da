#pragma once

#include "hourglass/core/matrix_view.hpp"
#include "nn/image_shape.hpp"
#include "nn/window.hpp"

namespace hourglass {

/// The windows of a convolution: `grid` positions (height x width) of a window over an image H x W
/// x C. A patch is a window's part of the image, kernel height x kernel width x C numbers, 0 in the
/// padding.
struct ImageWindows {
  ImageShape image;
  Extents grid;
  Window window;

  [[nodiscard]] Index patch() const {
    return window.kernel.height * window.kernel.width * image.channels;
  }
  [[nodiscard]] Index positions() const { return grid.height * grid.width; }
};

/// Patches of the grid's rows [rows.begin, rows.end), counted through all samples: sample s has
/// rows s * grid.height onwards. `images` has one sample per row; `patches` (rows.size() *
/// grid.width x patch) receives them (im2col).
void gather_patches(const ImageWindows& windows, ConstMatrix images, Range rows, Matrix patches);

/// The transposed operation: adds every number of the patches to its pixel (col2im), in the order
/// of the windows.
void add_patches(const ImageWindows& windows, ConstMatrix patches, Range rows, Matrix images);

/// Weights from the stored order, a x b x kernel height x kernel width, to the order of patches, a
/// x patch, and back (written, or added).
void weights_to_patches(const ImageWindows& windows, const float* weights, Matrix by_patch);
void weights_from_patches(const ImageWindows& windows, ConstMatrix by_patch, bool add,
                          float* weights);

}  // namespace hourglass
