#include "report/image_sheet.hpp"

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::byte gap_shade{255};

std::byte shade(float value, float low, float high) {
  const float t = high > low ? (value - low) / (high - low) : 0.0F;
  return static_cast<std::byte>(std::lround(255.0F * std::clamp(t, 0.0F, 1.0F)));
}

}  // namespace

DecodedImage image_sheet(ConstMatrix samples, const ImageShape& shape, Index columns, float low,
                         float high) {
  require(samples.columns == shape.size() && columns > 0,
          "the samples of an image sheet are not images of its shape");
  const Index lines = (samples.rows + columns - 1) / columns;
  const Index channels = shape.channels == 3 ? 3 : 1;
  const Index first_row = shape.depth / 2 * shape.height;  // of the middle layer
  DecodedImage sheet{std::max<Index>(1, lines * (shape.height + 1) - 1),
                     columns * (shape.width + 1) - 1,
                     channels,
                     8,
                     {}};
  sheet.values.assign(static_cast<std::size_t>(sheet.size()), gap_shade);
  for (Index i = 0; i < samples.rows; ++i) {
    const Index top = (i / columns) * (shape.height + 1);
    const Index left = (i % columns) * (shape.width + 1);
    for (Index y = 0; y < shape.height; ++y) {
      for (Index x = 0; x < shape.width; ++x) {
        for (Index c = 0; c < channels; ++c) {
          const auto pixel =
              static_cast<std::size_t>(((top + y) * sheet.width + left + x) * channels + c);
          sheet.values[pixel] = shade(
              samples(i, ((first_row + y) * shape.width + x) * shape.channels + c), low, high);
        }
      }
    }
  }
  return sheet;
}

}  // namespace hourglass
