#pragma once

#include "hourglass/core/matrix_view.hpp"
#include "nn/image_shape.hpp"
#include "nn/window.hpp"

namespace hourglass {

/// The windows of a convolution: `grid` positions (depth x height x width) of a window over a
/// sample D x H x W x C, where a series has depth and height 1 and an image depth 1. A patch is a
/// window's part of the sample, kernel depth x height x width x C numbers, 0 in the padding.
struct ImageWindows {
  ImageShape image;
  Extents grid;
  Window window;

  [[nodiscard]] Index patch() const { return window.kernel.product() * image.channels; }
  [[nodiscard]] Index positions() const { return grid.product(); }
};

/// Patches of the positions [positions.begin, positions.end), counted through all samples and
/// row-major in each: sample s has positions s * windows.positions() onwards. `images` has one
/// sample per row; `patches` (positions.size() x patch) receives them (im2col).
void gather_patches(const ImageWindows& windows, ConstMatrix images, Range positions,
                    Matrix patches);

/// The transposed operation: adds every number of the patches to its pixel (col2im), in the order
/// of the windows.
void add_patches(const ImageWindows& windows, ConstMatrix patches, Range positions, Matrix images);

/// Weights from the stored order, a x b x kernel depth x height x width, to the order of patches, a
/// x patch, and back (written, or added).
void weights_to_patches(const ImageWindows& windows, const float* weights, Matrix by_patch);
void weights_from_patches(const ImageWindows& windows, ConstMatrix by_patch, bool add,
                          float* weights);

}  // namespace hourglass
