#include "nn/image_shape.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<Index> ImageShape::spatial() const { return axes_of(extents(), dimensions); }

std::string to_string(const ImageShape& shape) {
  if (!shape.known()) return "";
  const std::string places = fmt::format("{}", fmt::join(shape.spatial(), "x"));
  return shape.channels == 1 ? places : fmt::format("{}x{}", places, shape.channels);
}

ImageShape image_shape_from(std::string_view text) {
  if (text.empty()) return {};
  std::vector<Index> extents;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (true) {
    Index extent = 0;
    const auto [next, error] = std::from_chars(at, end, extent);
    if (error != std::errc{} || extent < 1 || extent > (Index{1} << 20)) {
      at = nullptr;  // also after a last "x"
      break;
    }
    extents.push_back(extent);
    at = next;
    if (at == end || *at != 'x') break;
    ++at;
  }
  if (at != end || extents.size() < 2 || extents.size() > 3) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "'{}' is not an image shape such as 28x28 or 32x32x3 (height x width x channels)",
            text));
  }
  return {extents[0], extents[1], extents.size() == 3 ? extents[2] : 1};
}

}  // namespace hourglass
