#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/element_type.hpp"
#include "core/narrow_float.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// How the numbers of an array lie in a file: rows one after the other.
struct ArrayFormat {
  std::vector<Index> shape;
  ElementType type = ElementType::f32;     ///< as they are read
  NarrowFloat narrow = NarrowFloat::none;  ///< as they are stored, when in two bytes a number
  bool swapped = false;                    ///< stored in the other byte order than this machine's
  Index data_offset = 0;                   ///< where the first number stands

  [[nodiscard]] Index stored_size() const {
    return narrow == NarrowFloat::none ? size_of(type) : 2;
  }
  [[nodiscard]] Index stored_row_bytes() const;
};

/// "uint8", "float32", "f4", "<f4", "float16", ... as a format of one number. Throws Error(usage)
/// that lists the names.
[[nodiscard]] ArrayFormat number_format(const std::string& text);
/// The same for a NumPy dtype; false when it is not one of a number that can be read.
[[nodiscard]] bool read_number_format(std::string_view text, ArrayFormat& format);

/// Compares what a header claims with the bytes from format.data_offset to the end of a file of
/// `bytes`. Throws Error(data) naming `name`.
void check_size(const ArrayFormat& format, Index bytes, const std::string& name);

/// Numbers as they are stored to native ones: swaps bytes and widens two-byte floats. `stored` and
/// `numbers` may be the same memory unless format.narrow.
void to_native(const ArrayFormat& format, std::span<const std::byte> stored,
               std::span<std::byte> numbers);

/// "3 x 28 x 28".
[[nodiscard]] std::string shape_text(const std::vector<Index>& shape);

/// The bytes of all elements of a shape, or -1 where that is more than any file holds. Extents are
/// not negative.
[[nodiscard]] Index checked_bytes(const std::vector<Index>& shape, Index element_bytes);

}  // namespace hourglass
