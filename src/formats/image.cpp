#include "formats/image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::uint16_t value_at(const DecodedImage& image, Index i) {
  if (image.depth == 8)
    return std::to_integer<std::uint16_t>(image.values[static_cast<std::size_t>(i)]);
  std::uint16_t value = 0;
  std::memcpy(&value, image.values.data() + 2 * i, 2);
  return value;
}

void set_value(DecodedImage& image, Index i, std::uint16_t value) {
  if (image.depth == 8) {
    image.values[static_cast<std::size_t>(i)] = static_cast<std::byte>(value);
  } else {
    std::memcpy(image.values.data() + 2 * i, &value, 2);
  }
}

DecodedImage blank(Index height, Index width, Index channels, Index depth) {
  DecodedImage image{height, width, channels, depth, {}};
  image.values.resize(static_cast<std::size_t>(image.size() * depth / 8));
  return image;
}

/// The old positions that a new one is interpolated from, and their weights.
struct Taps {
  Index first = 0;
  std::vector<double> weights;
};

std::vector<Taps> triangle_filter(Index from, Index to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> filter;
  for (Index i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<Index>(0, static_cast<Index>(std::floor(centre - support + 0.5)));
    const auto end = std::min(from, static_cast<Index>(std::floor(centre + support + 0.5)));
    Taps taps{first, {}};
    double total = 0;
    for (Index j = first; j < end; ++j) {
      const double weight =
          std::max(0.0, 1.0 - std::fabs((static_cast<double>(j) + 0.5 - centre) / support));
      taps.weights.push_back(weight);
      total += weight;
    }
    for (double& weight : taps.weights) weight /= total;
    filter.push_back(std::move(taps));
  }
  return filter;
}

}  // namespace

DecodedImage decode_image(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) throw Error(ErrorKind::data, "the file is empty");
  if (text.starts_with("\x89PNG")) return decode_png(bytes);
  if (text.starts_with("\xFF\xD8")) return decode_jpeg(bytes);
  if (text.size() > 1 && text[0] == 'P' && text[1] >= '1' && text[1] <= '7')
    return decode_pgm(bytes);
  throw Error(ErrorKind::data, "is not a PNG, JPEG or PGM image, despite its name");
}

DecodedImage to_grey(const DecodedImage& image) {
  if (image.channels == 1) return image;
  DecodedImage grey = blank(image.height, image.width, 1, image.depth);
  for (Index i = 0; i < grey.size(); ++i) {
    // In units of 1/65536.
    const std::uint64_t luma = 19595ULL * value_at(image, 3 * i) +
                               38470ULL * value_at(image, 3 * i + 1) +
                               7471ULL * value_at(image, 3 * i + 2) + 0x8000ULL;
    set_value(grey, i, static_cast<std::uint16_t>(luma >> 16));
  }
  return grey;
}

DecodedImage resized(const DecodedImage& image, Index height, Index width) {
  if (image.height == height && image.width == width) return image;
  const auto across = triangle_filter(image.width, width);
  const auto down = triangle_filter(image.height, height);
  const Index channels = image.channels;
  // Rows first, then columns.
  std::vector<double> narrowed(static_cast<std::size_t>(image.height * width * channels));
  for (Index r = 0; r < image.height; ++r) {
    for (Index c = 0; c < width * channels; ++c) {
      const Taps& taps = across[static_cast<std::size_t>(c / channels)];
      double sum = 0;
      for (std::size_t t = 0; t < taps.weights.size(); ++t) {
        const Index column = taps.first + static_cast<Index>(t);
        sum +=
            taps.weights[t] * value_at(image, (r * image.width + column) * channels + c % channels);
      }
      narrowed[static_cast<std::size_t>(r * width * channels + c)] = sum;
    }
  }
  DecodedImage result = blank(height, width, channels, image.depth);
  for (Index r = 0; r < height; ++r) {
    const Taps& taps = down[static_cast<std::size_t>(r)];
    for (Index c = 0; c < width * channels; ++c) {
      double sum = 0;
      for (std::size_t t = 0; t < taps.weights.size(); ++t) {
        sum += taps.weights[t] * narrowed[static_cast<std::size_t>(
                                     (taps.first + static_cast<Index>(t)) * width * channels + c)];
      }
      set_value(result, r * width * channels + c, static_cast<std::uint16_t>(std::lround(sum)));
    }
  }
  return result;
}

bool is_image_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> endings = {".png", ".jpg", ".jpeg",
                                                       ".pgm", ".ppm", ".pnm"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return std::ranges::any_of(endings,
                             [&](std::string_view ending) { return lower.ends_with(ending); });
}

}  // namespace hourglass
