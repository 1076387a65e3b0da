// PNG, JPEG and PGM images.
#include <span>

#include "formats/image.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hourglass;
  expect_refusal_at_most(
      [&] { static_cast<void>(decode_image(std::as_bytes(std::span(data, size)))); });
  return 0;
}
