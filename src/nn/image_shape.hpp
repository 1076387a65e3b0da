#pragma once

#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The shape of a sample as an image: its features are row-major H x W x C, the channels of a pixel
/// together. 0 x 0: not an image.
struct ImageShape {
  Index height = 0;
  Index width = 0;
  Index channels = 1;

  [[nodiscard]] bool known() const { return height > 0 && width > 0; }
  [[nodiscard]] Index size() const { return height * width * channels; }

  friend bool operator==(const ImageShape&, const ImageShape&) = default;
};

/// "28x28", "32x32x3"; "" when not known.
[[nodiscard]] std::string to_string(const ImageShape& shape);
/// Throws Error(usage).
[[nodiscard]] ImageShape image_shape_from(std::string_view text);

}  // namespace hourglass
