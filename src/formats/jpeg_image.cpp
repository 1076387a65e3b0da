#include <csetjmp>
#include <cstdio>
// jpeglib.h needs cstdio before it.
#include <jpeglib.h>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// As for PNG: objects with destructors stay out of the functions that an error jumps out of.
struct Reading {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  char reason[JMSG_LENGTH_MAX] = "damaged";
  bool warned = false;
  DecodedImage image;

  ~Reading() { jpeg_destroy_decompress(&jpeg); }
};

void give_up(j_common_ptr common) {
  auto& reading = *static_cast<Reading*>(common->client_data);
  if (!reading.warned) common->err->format_message(common, reading.reason);
  std::longjmp(reading.jump, 1);
}

// After a warning the pixels are guesses.
void keep_warning(j_common_ptr common, int level) {
  auto& reading = *static_cast<Reading*>(common->client_data);
  if (level >= 0 || reading.warned) return;
  common->err->format_message(common, reading.reason);
  reading.warned = true;
  std::longjmp(reading.jump, 1);
}

void say_nothing(j_common_ptr) {}

bool read_header(Reading& reading, std::span<const std::byte> bytes) {
  if (setjmp(reading.jump) != 0) return false;
  jpeg_create_decompress(&reading.jpeg);
  jpeg_mem_src(&reading.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&reading.jpeg, TRUE);
  if (reading.jpeg.num_components == 3) reading.jpeg.out_color_space = JCS_RGB;
  jpeg_calc_output_dimensions(&reading.jpeg);
  return true;
}

bool read_pixels(Reading& reading) {
  if (setjmp(reading.jump) != 0) return false;
  jpeg_start_decompress(&reading.jpeg);
  const auto row_bytes = static_cast<std::size_t>(reading.image.width * reading.image.channels);
  while (reading.jpeg.output_scanline < reading.jpeg.output_height) {
    auto* row = reinterpret_cast<JSAMPROW>(reading.image.values.data() +
                                           reading.jpeg.output_scanline * row_bytes);
    jpeg_read_scanlines(&reading.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&reading.jpeg);
  return true;
}

}  // namespace

DecodedImage decode_jpeg(std::span<const std::byte> bytes) {
  Reading reading;
  reading.jpeg.err = jpeg_std_error(&reading.errors);
  reading.jpeg.client_data = &reading;
  reading.errors.error_exit = give_up;
  reading.errors.emit_message = keep_warning;
  reading.errors.output_message = say_nothing;
  const auto refuse = [&](const std::string& reason) { throw Error(ErrorKind::data, reason); };
  if (!read_header(reading, bytes))
    refuse(std::string("is a damaged JPEG image: ") + reading.reason);
  DecodedImage& image = reading.image;
  image.height = static_cast<Index>(reading.jpeg.output_height);
  image.width = static_cast<Index>(reading.jpeg.output_width);
  image.channels = reading.jpeg.num_components;
  if (image.channels != 1 && image.channels != 3)
    refuse("is a JPEG image of " + std::to_string(image.channels) +
           " components (CMYK?); convert it to RGB");
  // Even blocks without detail take about 6 bits per 64 pixels; runs of progressive files take much
  // less, but some.
  constexpr Index pixels_a_byte = 4096;
  if (image.size() > largest_image)
    refuse("claims to be " + std::to_string(image.width) + " x " + std::to_string(image.height) +
           " pixels: too large");
  if (image.height * image.width / pixels_a_byte > static_cast<Index>(bytes.size()))
    refuse("is truncated: it claims more pixels than its bytes can hold");
  image.values.resize(static_cast<std::size_t>(image.size()));
  if (!read_pixels(reading)) refuse(std::string("is a damaged JPEG image: ") + reading.reason);
  return std::move(reading.image);
}

}  // namespace hourglass
