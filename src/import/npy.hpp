#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// How the numbers of an array lie in a file: rows one after the other.
struct ArrayFormat {
  std::vector<Index> shape;
  ElementType type = ElementType::f32;  ///< as they are read
  bool half = false;                    ///< stored as float16, two bytes a number
  bool swapped = false;                 ///< stored in the other byte order than this machine's
  Index data_offset = 0;                ///< where the first number stands

  [[nodiscard]] Index stored_size() const { return half ? 2 : size_of(type); }
};

/// The longest header that is read.
inline constexpr Index largest_npy_header = Index{1} << 16;

/// Parses the beginning of a NumPy .npy file (format 1, 2 or 3). `bytes` are the first bytes of the
/// file, all of it or at least largest_npy_header + 12 of them; `name` is what messages call the
/// file. Throws Error(data): not NPY, truncated in the header, pickled objects (which are never
/// read: unpickling runs code), structures, text, complex numbers, Fortran order, no dimensions, an
/// impossible shape. Nothing is allocated by what the header claims.
[[nodiscard]] ArrayFormat parse_npy_header(std::span<const std::byte> bytes,
                                           const std::string& name);

/// "uint8", "float32", "f4", "<f4", "float16", ... as a format of one number. Throws Error(usage)
/// that lists the names.
[[nodiscard]] ArrayFormat number_format(const std::string& text);

/// Numbers as they are stored to native ones: swaps bytes and widens float16. `stored` and
/// `numbers` may be the same memory unless format.half.
void to_native(const ArrayFormat& format, std::span<const std::byte> stored,
               std::span<std::byte> numbers);

}  // namespace hourglass
