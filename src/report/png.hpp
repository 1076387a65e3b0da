#pragma once

#include <string>

#include "formats/image.hpp"

namespace hourglass {

/// An <img> element that holds the image itself, as a base64-encoded PNG file; `scale` enlarges it,
/// pixel by pixel.
[[nodiscard]] std::string png_element(const DecodedImage& image,
                                      const std::string& alternative_text, Index scale = 1);

}  // namespace hourglass
