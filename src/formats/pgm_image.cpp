#include <cstring>

#include "formats/image.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

/// Numbers and comments of a netpbm file.
class Scanner {
 public:
  explicit Scanner(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[noreturn]] static void refuse(const std::string& reason) {
    throw Error(ErrorKind::data, reason);
  }

  Index number() {
    skip_blanks();
    constexpr Index largest = Index{1} << 31;
    Index value = -1;
    while (place_ < bytes_.size() && letter() >= '0' && letter() <= '9') {
      value = std::max<Index>(value, 0) * 10 + (letter() - '0');
      if (value > largest) refuse("claims an impossible size");
      ++place_;
    }
    if (value < 0)
      refuse(place_ < bytes_.size() ? "is a damaged PGM image: a number is expected"
                                    : "is a truncated PGM image");
    return value;
  }
  void skip(std::size_t count) { place_ = std::min(place_ + count, bytes_.size()); }
  [[nodiscard]] std::span<const std::byte> rest() const { return bytes_.subspan(place_); }

 private:
  [[nodiscard]] char letter() const { return static_cast<char>(bytes_[place_]); }
  void skip_blanks() {
    bool comment = false;
    for (; place_ < bytes_.size(); ++place_) {
      if (letter() == '#') comment = true;
      if (letter() == '\n') comment = false;
      if (!comment && std::strchr(" \t\r\n", letter()) == nullptr) return;
    }
  }

  std::span<const std::byte> bytes_;
  std::size_t place_ = 0;
};

}  // namespace

DecodedImage decode_pgm(std::span<const std::byte> bytes) {
  const auto refuse = [](const std::string& reason) { throw Error(ErrorKind::data, reason); };
  if (bytes.size() < 2 || bytes[0] != std::byte{'P'}) refuse("is not a PGM image");
  const char kind = static_cast<char>(bytes[1]);
  if (kind != '2' && kind != '3' && kind != '5' && kind != '6')
    refuse(std::string("is a netpbm image of kind P") + kind + "; P2, P3, P5 and P6 can be read");
  const bool text = kind < '4';
  Scanner scanner(bytes);
  scanner.skip(2);
  DecodedImage image;
  image.width = scanner.number();
  image.height = scanner.number();
  const Index largest = scanner.number();
  image.channels = kind == '3' || kind == '6' ? 3 : 1;
  image.depth = largest > 255 ? 16 : 8;
  if (image.width < 1 || image.height < 1 || largest < 1 || largest > 65535)
    refuse("is a damaged PGM image: its header claims an impossible size");
  scanner.skip(1);
  const Index value_bytes = image.depth / 8;
  if (image.height > largest_image / image.width / image.channels / value_bytes)
    refuse("claims to be " + std::to_string(image.width) + " x " + std::to_string(image.height) +
           " pixels: too large");
  const auto held = static_cast<Index>(scanner.rest().size());
  if (held < (text ? image.size() : image.size() * value_bytes))
    refuse("is truncated: it ends before its last pixel");
  image.values.resize(static_cast<std::size_t>(image.size() * value_bytes));
  const auto stored = scanner.rest();
  const Index full = image.depth == 8 ? 255 : 65535;
  for (Index i = 0; i < image.size(); ++i) {
    const auto at = static_cast<std::size_t>(i * value_bytes);
    Index value = 0;
    if (text) {
      value = scanner.number();
    } else {
      value = std::to_integer<Index>(stored[at]);
      if (value_bytes == 2) value = value << 8 | std::to_integer<Index>(stored[at + 1]);
    }
    if (value > largest)
      refuse("is a damaged PGM image: a value of " + std::to_string(value) +
             " is beyond its maximum of " + std::to_string(largest));
    const auto scaled = static_cast<std::uint16_t>((value * full + largest / 2) / largest);
    if (value_bytes == 1) {
      image.values[at] = static_cast<std::byte>(scaled);
    } else {
      std::memcpy(image.values.data() + at, &scaled, 2);
    }
  }
  return image;
}

}  // namespace hourglass
