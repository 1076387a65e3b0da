#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// An image in memory: rows from top to bottom, the channels of a pixel together.
struct DecodedImage {
  Index height = 0;
  Index width = 0;
  Index channels = 1;  ///< 1 grey, 3 red, green, blue
  Index depth = 8;     ///< bits per value: 8, or 16 in native byte order
  std::vector<std::byte> values;

  [[nodiscard]] Index size() const { return height * width * channels; }
};

/// Images of more bytes than this are refused.
inline constexpr Index largest_image = Index{256} << 20;

// Decoders: pure functions over the bytes of a file. All throw Error(data) with the reason alone
// (the caller knows the file): damaged, truncated, too large, or of a kind that is not an
// array of grey or coloured pixels.

/// Decodes PNG, JPEG or PGM (also PPM), as the first bytes tell.
[[nodiscard]] DecodedImage decode_image(std::span<const std::byte> bytes);
/// Palettes and 1, 2, 4 bit greys become 8 bit values. An alpha channel is dropped where it is
/// opaque everywhere, and refused otherwise. No colour correction.
[[nodiscard]] DecodedImage decode_png(std::span<const std::byte> bytes);
/// Grey and colour, baseline and progressive; a truncated file, of which decoders usually only
/// warn, is refused.
[[nodiscard]] DecodedImage decode_jpeg(std::span<const std::byte> bytes);
/// P2, P3, P5, P6; values are scaled from the file's maximum to that of 8 or 16 bits.
[[nodiscard]] DecodedImage decode_pgm(std::span<const std::byte> bytes);

/// Luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded.
[[nodiscard]] DecodedImage to_grey(const DecodedImage& image);
/// Resampled with a triangle filter whose width grows when the image shrinks, so that nothing is
/// skipped (antialiasing).
[[nodiscard]] DecodedImage resized(const DecodedImage& image, Index height, Index width);

/// A PNG file (ISO/IEC 15948) of an 8 bit image. Throws Error(bug) when the sizes disagree.
[[nodiscard]] std::vector<std::byte> encode_png(const DecodedImage& image);

/// Whether the extension is that of an image that can be read.
[[nodiscard]] bool is_image_name(std::string_view name);

}  // namespace hourglass
