#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"
#include "nn/window.hpp"

namespace hourglass {

/// The shape of a sample on a grid: an image H x W x C, a series T x C or a volume D x H x W x C.
/// Its features are row-major, the channels of a place together; the time of a series is its width.
/// 0 x 0: none of these.
struct ImageShape {
  Index height = 0;
  Index width = 0;
  Index channels = 1;
  Index depth = 1;
  Index dimensions = 2;  ///< axes besides the channels: 1 a series, 2 an image, 3 a volume

  [[nodiscard]] static ImageShape series(Index length, Index channels = 1) {
    return {1, length, channels, 1, 1};
  }
  [[nodiscard]] static ImageShape volume(const Extents& extents, Index channels = 1) {
    return {extents.height, extents.width, channels, extents.depth, 3};
  }

  [[nodiscard]] bool known() const { return height > 0 && width > 0; }
  [[nodiscard]] bool is_image() const { return known() && dimensions == 2; }
  [[nodiscard]] Extents extents() const { return {height, width, depth}; }
  [[nodiscard]] Index places() const { return depth * height * width; }
  [[nodiscard]] Index size() const { return places() * channels; }
  /// The extents in the order of memory, without the channels: H, W of an image.
  [[nodiscard]] std::vector<Index> spatial() const;

  friend bool operator==(const ImageShape&, const ImageShape&) = default;
};

/// "28x28", "32x32x3"; a series "64" or "64x3", a volume "8x28x28" or "8x28x28x2"; "" when not
/// known. The texts of the three kinds overlap: the layer that follows decides (nn/layer_spec.hpp).
[[nodiscard]] std::string to_string(const ImageShape& shape);
/// An image. Throws Error(usage).
[[nodiscard]] ImageShape image_shape_from(std::string_view text);

}  // namespace hourglass
