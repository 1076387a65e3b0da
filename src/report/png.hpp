#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// An image of 8 bits a channel, row by row from the top: 1 channel (grey) or 3 (red, green, blue).
struct Image {
  Index width = 0;
  Index height = 0;
  Index channels = 3;
  std::vector<unsigned char> pixels;  ///< height x width x channels
};

/// The image as the bytes of a PNG file (ISO/IEC 15948): no interlacing (data/image.hpp writes it).
/// Throws Error(bug) when the sizes disagree.
[[nodiscard]] std::string encode_png(const Image& image);

/// An <img> element that holds the image itself, base64-encoded; `scale` enlarges it, pixel by
/// pixel.
[[nodiscard]] std::string png_element(const Image& image, const std::string& alternative_text,
                                      Index scale = 1);

}  // namespace hourglass
