#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "formats/array_format.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The longest header that is read.
inline constexpr Index largest_npy_header = Index{1} << 16;

/// Parses the beginning of a NumPy .npy file (format 1, 2 or 3). `bytes` are the first bytes of the
/// file, all of it or at least largest_npy_header + 12 of them; `name` is what messages call the
/// file. Throws Error(data): not NPY, truncated in the header, pickled objects (which are never
/// read: unpickling runs code), structures, text, complex numbers, Fortran order, no dimensions, an
/// impossible shape. Nothing is allocated by what the header claims.
[[nodiscard]] ArrayFormat parse_npy_header(std::span<const std::byte> bytes,
                                           const std::string& name);

}  // namespace hourglass
