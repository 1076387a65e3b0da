#include "formats/array_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

struct NamedType {
  std::string_view code;  // of a dtype, without byte order
  std::string_view name;
  ElementType type;
  NarrowFloat narrow = NarrowFloat::none;
};

constexpr std::array<NamedType, 13> types = {{
    {"u1", "uint8", ElementType::u8},
    {"i1", "int8", ElementType::i8},
    {"u2", "uint16", ElementType::u16},
    {"i2", "int16", ElementType::i16},
    {"u4", "uint32", ElementType::u32},
    {"i4", "int32", ElementType::i32},
    {"u8", "uint64", ElementType::u64},
    {"i8", "int64", ElementType::i64},
    {"f2", "float16", ElementType::f32, NarrowFloat::float16},
    {"bf2", "bfloat16", ElementType::f32, NarrowFloat::bfloat16},
    {"f4", "float32", ElementType::f32},
    {"f8", "float64", ElementType::f64},
    {"b1", "bool", ElementType::u8},
}};

template <class Word>
void swap_words(std::span<std::byte> bytes) {
  for (std::size_t i = 0; i + sizeof(Word) <= bytes.size(); i += sizeof(Word)) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(Word)));
  }
}

}  // namespace

Index ArrayFormat::stored_row_bytes() const {
  return checked_bytes({shape.begin() + 1, shape.end()}, stored_size());
}

bool read_number_format(std::string_view text, ArrayFormat& format) {
  format = {};
  if (!text.empty() && std::string_view("<>|=").find(text.front()) != std::string_view::npos) {
    const bool big = text.front() == '>';
    const bool little = text.front() == '<';
    format.swapped = std::endian::native == std::endian::little ? big : little;
    text.remove_prefix(1);
  }
  for (const NamedType& known : types) {
    if (text != known.code && text != known.name) continue;
    format.type = known.type;
    format.narrow = known.narrow;
    if (format.stored_size() == 1) format.swapped = false;
    return true;
  }
  return false;
}

ArrayFormat number_format(const std::string& text) {
  ArrayFormat format;
  if (read_number_format(text, format)) return format;
  std::string names;
  for (const NamedType& known : types)
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  throw Error(ErrorKind::usage,
              "unknown type '" + text + "': " + names + " (big endian: >f4 and its like)");
}

void check_size(const ArrayFormat& format, Index bytes, const std::string& name) {
  const Index wanted = checked_bytes(format.shape, format.stored_size());
  const Index held = bytes - format.data_offset;
  if (wanted == held) return;
  throw Error(ErrorKind::data,
              name + ": " +
                  std::string(wanted > held ? "is truncated" : "has bytes after the last number") +
                  ": its header (" + shape_text(format.shape) + ") asks for " +
                  std::to_string(wanted) + " bytes of numbers, " + std::to_string(held) +
                  " are there");
}

void to_native(const ArrayFormat& format, std::span<const std::byte> stored,
               std::span<std::byte> numbers) {
  if (format.narrow != NarrowFloat::none)
    return widen(format.narrow, format.swapped, stored, numbers);
  require(numbers.size() == stored.size(), "a buffer of another size than the numbers");
  if (numbers.data() != stored.data()) std::copy(stored.begin(), stored.end(), numbers.begin());
  if (!format.swapped) return;
  if (format.stored_size() == 2) swap_words<std::uint16_t>(numbers);
  if (format.stored_size() == 4) swap_words<std::uint32_t>(numbers);
  if (format.stored_size() == 8) swap_words<std::uint64_t>(numbers);
}

std::string shape_text(const std::vector<Index>& shape) {
  std::string text;
  for (const Index extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

Index checked_bytes(const std::vector<Index>& shape, Index element_bytes) {
  constexpr Index largest = Index{1} << 62;
  Index bytes = element_bytes;
  for (const Index extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > largest) return -1;
  }
  return bytes;
}

}  // namespace hourglass
