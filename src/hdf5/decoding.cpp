#include "hdf5/decoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

template <class T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <class Stored, class Value>
void decode_elements(const Decoding& decoding, const std::byte* stored, std::byte* values,
                     std::size_t count) {
  std::vector<Stored> missing;
  for (const std::uint64_t bits : decoding.missing) missing.push_back(from_bits<Stored>(bits));
  const bool bounded = decoding.bounded();
  for (std::size_t i = 0; i < count; ++i) {
    const Stored number = load_element<Stored>(stored, i);
    const double unpacked = static_cast<double>(number) * decoding.scale + decoding.offset;
    const double compared = decoding.bounds_unpacked ? unpacked : static_cast<double>(number);
    const bool is_missing = std::find(missing.begin(), missing.end(), number) != missing.end() ||
                            (bounded && !(compared >= decoding.low && compared <= decoding.high));
    const Value value =
        is_missing ? std::numeric_limits<Value>::quiet_NaN() : static_cast<Value>(unpacked);
    std::memcpy(values + i * sizeof(Value), &value, sizeof(Value));
  }
}

// Tiles of both arrays stay in the first cache.
template <class T>
void transpose(Index rows, Index columns, const std::byte* from, std::byte* to) {
  constexpr Index tile = 32;
  for (Index row = 0; row < rows; row += tile) {
    for (Index column = 0; column < columns; column += tile) {
      for (Index c = column; c < std::min(columns, column + tile); ++c) {
        for (Index r = row; r < std::min(rows, row + tile); ++r) {
          std::memcpy(to + static_cast<std::size_t>(c * rows + r) * sizeof(T),
                      from + static_cast<std::size_t>(r * columns + c) * sizeof(T), sizeof(T));
        }
      }
    }
  }
}

template <class T>
void reverse(std::span<const Index> shape, const std::byte* from, std::byte* to, Index count) {
  if (shape.size() == 2) return transpose<T>(shape[0], shape[1], from, to);
  // Distance in `to` between neighbours along each axis of `from`.
  std::vector<Index> strides(shape.size());
  Index stride = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  std::vector<Index> place(shape.size(), 0);
  Index target = 0;
  for (Index element = 0; element < count; ++element) {
    std::memcpy(to + static_cast<std::size_t>(target) * sizeof(T),
                from + static_cast<std::size_t>(element) * sizeof(T), sizeof(T));
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      target += strides[axis];
      if (++place[axis] < shape[axis]) break;
      target -= strides[axis] * shape[axis];
      place[axis] = 0;
    }
  }
}

}  // namespace

bool Decoding::bounded() const { return std::isfinite(low) || std::isfinite(high); }

void decode(const Decoding& decoding, std::span<const std::byte> stored,
            std::span<std::byte> values) {
  const auto stored_bytes = static_cast<std::size_t>(size_of(decoding.stored));
  const std::size_t count = stored.size() / stored_bytes;
  require(stored.size() % stored_bytes == 0 &&
              values.size() == count * static_cast<std::size_t>(size_of(decoding.result)) &&
              !is_integer(decoding.result),
          "buffers of other sizes than the elements to decode");
  if (decoding.narrow != NarrowFloat::none) return widen(decoding.narrow, false, stored, values);
  with_element(decoding.stored, [&]<class Stored>(std::type_identity<Stored>) {
    if (decoding.result == ElementType::f32) {
      decode_elements<Stored, float>(decoding, stored.data(), values.data(), count);
    } else {
      decode_elements<Stored, double>(decoding, stored.data(), values.data(), count);
    }
  });
}

Index first_unwritten(const Decoding& decoding, std::span<const std::byte> stored) {
  if (!decoding.unwritten) return -1;
  Index found = -1;
  with_element(decoding.stored, [&]<class Stored>(std::type_identity<Stored>) {
    const auto wanted = from_bits<Stored>(*decoding.unwritten);
    const std::size_t count = stored.size() / sizeof(Stored);
    for (std::size_t i = 0; i < count && found < 0; ++i) {
      if (load_element<Stored>(stored.data(), i) == wanted) found = static_cast<Index>(i);
    }
  });
  return found;
}

std::string number_text(ElementType type, std::uint64_t bits) {
  std::string text;
  with_element(type, [&]<class Stored>(std::type_identity<Stored>) {
    text = fmt::format("{}", from_bits<Stored>(bits));
  });
  return text;
}

std::string describe_missing(const Decoding& decoding) {
  std::string text;
  for (const std::uint64_t bits : decoding.missing)
    text += (text.empty() ? "" : ", ") + number_text(decoding.stored, bits);
  if (!decoding.bounded()) return text;
  if (!text.empty()) text += " or ";
  const char* const unpacked = decoding.bounds_unpacked ? " when unpacked" : "";
  if (!std::isfinite(decoding.low))
    return text + fmt::format("above {}{}", decoding.high, unpacked);
  if (!std::isfinite(decoding.high))
    return text + fmt::format("below {}{}", decoding.low, unpacked);
  return text + fmt::format("outside of {} to {}{}", decoding.low, decoding.high, unpacked);
}

std::string describe(const Decoding& decoding) {
  // HDF5 itself knows what float16 is: nothing has been found out about those.
  if (decoding.narrow != NarrowFloat::none)
    return decoding.narrow == NarrowFloat::bfloat16 ? "bfloat16" : "";
  std::string text =
      fmt::format("{}{}", decoding.packed() ? "packed " : "", name_of(decoding.stored));
  if (decoding.packed()) text += fmt::format(": x {}", decoding.scale);
  if (decoding.offset != 0) {
    text += fmt::format(" {} {}", decoding.offset < 0 ? '-' : '+', std::fabs(decoding.offset));
  }
  const std::string missing = describe_missing(decoding);
  if (!missing.empty()) text += (decoding.packed() ? ", missing " : ": missing ") + missing;
  return decoding.decodes() ? text : "";
}

void reverse_axes(std::span<const Index> shape, Index element_bytes,
                  std::span<const std::byte> from, std::span<std::byte> to) {
  Index count = 1;
  for (const Index extent : shape) count *= extent;
  require(static_cast<Index>(from.size()) == count * element_bytes && to.size() == from.size(),
          "an array of another size than its shape");
  switch (element_bytes) {
    case 1:
      return reverse<std::uint8_t>(shape, from.data(), to.data(), count);
    case 2:
      return reverse<std::uint16_t>(shape, from.data(), to.data(), count);
    case 4:
      return reverse<std::uint32_t>(shape, from.data(), to.data(), count);
    default:
      return reverse<std::uint64_t>(shape, from.data(), to.data(), count);
  }
}

}  // namespace hourglass
