#include "core/narrow_float.hpp"

#include <bit>
#include <cstring>

#include "core/bfloat16.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// The significand moves to its place in a float32, and one exact product with a power of two
// rebases the exponent: subnormal numbers need no case of their own, so that loops vectorise.
float widened(std::uint16_t bits) {
  constexpr float rebase = 0x1p112F;          // of exponent bias 15 to 127
  constexpr std::uint32_t special = 0x7C00U;  // infinities and NaNs
  const std::uint32_t magnitude = bits & 0x7FFFU;
  const auto number = std::bit_cast<float>(magnitude << 13) * rebase;
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(number);
  const std::uint32_t other = magnitude << 13 | 0x7F800000U;
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  return std::bit_cast<float>((magnitude >= special ? other : finite) | sign);
}

std::uint16_t exchanged(std::uint16_t bits) {
  return static_cast<std::uint16_t>(bits << 8 | bits >> 8);
}

template <class Convert>
void convert_all(std::span<const std::byte> stored, std::span<std::byte> values,
                 const Convert& convert) {
  const std::size_t count = stored.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, stored.data() + 2 * i, sizeof(bits));
    const float value = convert(bits);
    std::memcpy(values.data() + sizeof(float) * i, &value, sizeof(value));
  }
}

}  // namespace

std::string_view name_of(NarrowFloat format) {
  if (format == NarrowFloat::float16) return "float16";
  return format == NarrowFloat::bfloat16 ? "bfloat16" : "";
}

float float16_value(std::uint16_t bits) { return widened(bits); }

void widen(NarrowFloat format, bool swapped, std::span<const std::byte> stored,
           std::span<std::byte> values) {
  require(format != NarrowFloat::none && values.size() == 2 * stored.size(),
          "a buffer of another size than the numbers");
  if (format == NarrowFloat::float16) {
    if (swapped) {
      convert_all(stored, values, [](std::uint16_t bits) { return widened(exchanged(bits)); });
    } else {
      convert_all(stored, values, [](std::uint16_t bits) { return widened(bits); });
    }
  } else if (swapped) {
    convert_all(stored, values, [](std::uint16_t bits) { return to_float(exchanged(bits)); });
  } else {
    convert_all(stored, values, [](std::uint16_t bits) { return to_float(bits); });
  }
}

}  // namespace hourglass
