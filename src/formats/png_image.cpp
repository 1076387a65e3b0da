#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <memory>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// The state of libpng's callbacks. longjmp must not skip destructors, so every object that has one
/// lives here, outside of the functions that an error leaves.
struct Reading {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::byte> bytes;
  std::size_t place = 0;
  char reason[160] = "damaged";
  DecodedImage image;
  std::vector<png_bytep> rows;

  ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }
};

void take_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto& reading = *static_cast<Reading*>(png_get_io_ptr(png));
  if (count > reading.bytes.size() - reading.place) png_error(png, "truncated");
  std::memcpy(to, reading.bytes.data() + reading.place, count);
  reading.place += count;
}

void keep_reason(png_structp png, png_const_charp text) {
  auto& reading = *static_cast<Reading*>(png_get_error_ptr(png));
  std::strncpy(reading.reason, text, sizeof(reading.reason) - 1);
  png_longjmp(png, 1);
}

void no_warning(png_structp, png_const_charp) {}

/// Reads the header and sets the conversions. False on an error of libpng.
bool read_header(Reading& reading) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
  png_set_read_fn(reading.png, &reading, take_bytes);
  png_read_info(reading.png, reading.info);
  const png_byte color = png_get_color_type(reading.png, reading.info);
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reading.png);
  if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(reading.png, reading.info) < 8)
    png_set_expand_gray_1_2_4_to_8(reading.png);
  if (png_get_valid(reading.png, reading.info, PNG_INFO_tRNS) != 0)
    png_set_tRNS_to_alpha(reading.png);
  if (std::endian::native == std::endian::little) png_set_swap(reading.png);
  png_set_interlace_handling(reading.png);
  png_read_update_info(reading.png, reading.info);
  return true;
}

bool read_pixels(Reading& reading) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
  png_read_image(reading.png, reading.rows.data());
  png_read_end(reading.png, nullptr);
  return true;
}

/// The image without its last channel, which must be opaque.
DecodedImage without_alpha(const DecodedImage& image) {
  const auto bytes = static_cast<std::size_t>(image.depth / 8);
  const auto channels = static_cast<std::size_t>(image.channels);
  DecodedImage result{image.height, image.width, image.channels - 1, image.depth, {}};
  result.values.reserve(static_cast<std::size_t>(result.size()) * bytes);
  for (std::size_t pixel = 0; pixel < image.values.size(); pixel += channels * bytes) {
    const auto alpha =
        image.values.begin() + static_cast<std::ptrdiff_t>(pixel + (channels - 1) * bytes);
    if (!std::all_of(alpha, alpha + static_cast<std::ptrdiff_t>(bytes),
                     [](std::byte b) { return b == std::byte{0xFF}; })) {
      throw Error(ErrorKind::data,
                  "has transparent pixels; put it on a background first, e.g. convert IN "
                  "-background white -flatten OUT");
    }
    result.values.insert(result.values.end(),
                         image.values.begin() + static_cast<std::ptrdiff_t>(pixel), alpha);
  }
  return result;
}

}  // namespace

DecodedImage decode_png(std::span<const std::byte> bytes) {
  // At most what deflate can unpack to, and some for images of a few bytes.
  constexpr Index deflate_ratio = 1032;
  Reading reading;
  reading.bytes = bytes;
  const auto refuse = [&](const std::string& reason) { throw Error(ErrorKind::data, reason); };
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, keep_reason, no_warning);
  if (reading.png != nullptr) reading.info = png_create_info_struct(reading.png);
  if (reading.info == nullptr) throw Error(ErrorKind::io, "out of memory while reading an image");
  if (!read_header(reading)) refuse(std::string("is a damaged PNG image: ") + reading.reason);
  DecodedImage& image = reading.image;
  image.height = static_cast<Index>(png_get_image_height(reading.png, reading.info));
  image.width = static_cast<Index>(png_get_image_width(reading.png, reading.info));
  image.channels = png_get_channels(reading.png, reading.info);
  image.depth = png_get_bit_depth(reading.png, reading.info);
  const auto row_bytes = static_cast<Index>(png_get_rowbytes(reading.png, reading.info));
  const Index claimed = image.height * row_bytes;
  if (claimed > largest_image)
    refuse("claims to be " + std::to_string(image.width) + " x " + std::to_string(image.height) +
           " pixels: too large");
  // Small palettes and greys unpack to up to 24 times the stored bytes.
  if (claimed / 32 > (static_cast<Index>(bytes.size()) + 1) * deflate_ratio)
    refuse("is truncated: it claims more pixels than its bytes can hold");
  image.values.resize(static_cast<std::size_t>(claimed));
  for (Index r = 0; r < image.height; ++r)
    reading.rows.push_back(reinterpret_cast<png_bytep>(image.values.data() + r * row_bytes));
  if (!read_pixels(reading)) refuse(std::string("is a damaged PNG image: ") + reading.reason);
  if (image.channels == 2 || image.channels == 4) return without_alpha(image);
  return std::move(reading.image);
}

namespace {

struct Writing {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::vector<std::byte> bytes;

  ~Writing() { png_destroy_write_struct(&png, &info); }
};

void keep_bytes(png_structp png, png_bytep from, std::size_t count) {
  auto& bytes = static_cast<Writing*>(png_get_io_ptr(png))->bytes;
  bytes.insert(bytes.end(), reinterpret_cast<const std::byte*>(from),
               reinterpret_cast<const std::byte*>(from) + count);
}

void no_flush(png_structp) {}

bool write_image(Writing& writing, const DecodedImage& image) {
  if (setjmp(png_jmpbuf(writing.png)) != 0) return false;
  png_set_write_fn(writing.png, &writing, keep_bytes, no_flush);
  png_set_IHDR(writing.png, writing.info, static_cast<png_uint_32>(image.width),
               static_cast<png_uint_32>(image.height), 8,
               image.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writing.png, writing.info);
  const Index row_bytes = image.width * image.channels;
  for (Index r = 0; r < image.height; ++r) {
    png_write_row(writing.png,
                  reinterpret_cast<png_const_bytep>(image.values.data() + r * row_bytes));
  }
  png_write_end(writing.png, nullptr);
  return true;
}

}  // namespace

std::vector<std::byte> encode_png(const DecodedImage& image) {
  require(image.depth == 8 && (image.channels == 1 || image.channels == 3) && image.width > 0 &&
              image.height > 0 && static_cast<Index>(image.values.size()) == image.size(),
          "an image that cannot be written as PNG");
  Writing writing;
  writing.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, no_warning);
  if (writing.png != nullptr) writing.info = png_create_info_struct(writing.png);
  if (writing.info == nullptr || !write_image(writing, image))
    throw Error(ErrorKind::io, "out of memory while writing an image");
  return std::move(writing.bytes);
}

}  // namespace hourglass
