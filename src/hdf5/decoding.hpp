#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/narrow_float.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// How stored numbers become values, by the attributes of netCDF's conventions (CF 1.11, sections
/// 2.5 and 8.1): value = stored * scale + offset, and NaN where the stored number is one of
/// `missing` or outside of [low, high].
struct Decoding {
  ElementType stored = ElementType::f32;   ///< as read; signed types under `_Unsigned` as unsigned
  ElementType result = ElementType::f32;   ///< f32 or f64 where anything is decoded, else `stored`
  NarrowFloat narrow = NarrowFloat::none;  ///< read as the bits of these, `stored` being uint16
  double scale = 1;
  double offset = 0;
  std::vector<std::uint64_t> missing;  ///< stored numbers: their bits, in the low bytes
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  /// Integers kept as they are in which this number says that nothing was written: its bits.
  std::optional<std::uint64_t> unwritten;
  bool bounds_unpacked = false;  ///< low and high are compared with values, not stored numbers

  [[nodiscard]] bool packed() const { return scale != 1 || offset != 0; }
  [[nodiscard]] bool bounded() const;
  /// Whether values differ from what is stored.
  [[nodiscard]] bool decodes() const {
    return packed() || !missing.empty() || bounded() || narrow != NarrowFloat::none;
  }
};

/// Decodes elements: `stored` holds n elements of decoding.stored, `values` receives n of
/// decoding.result, which is floating. The arithmetic is double with one rounding to the result's
/// type. Neither needs alignment; they may not overlap.
void decode(const Decoding& decoding, std::span<const std::byte> stored,
            std::span<std::byte> values);

/// The first element of `stored` that is decoding.unwritten, or -1.
[[nodiscard]] Index first_unwritten(const Decoding& decoding, std::span<const std::byte> stored);

/// The markers of missing numbers as a user reads them: "-32767 or outside of 0 to 100"; "" when
/// there are none.
[[nodiscard]] std::string describe_missing(const Decoding& decoding);
/// One number of the stored type.
[[nodiscard]] std::string number_text(ElementType type, std::uint64_t bits);
/// "packed int16: x 0.01 + 273.15, missing -32767"; "" when values are as stored.
[[nodiscard]] std::string describe(const Decoding& decoding);

/// Reverses the order of the axes, for arrays that were stored column-major: `from` is an array of
/// `shape`, `to` receives the array of the reversed shape whose element (i, j, ..., z) is
/// from(z, ..., j, i). Elements have 1, 2, 4 or 8 bytes.
void reverse_axes(std::span<const Index> shape, Index element_bytes,
                  std::span<const std::byte> from, std::span<std::byte> to);

}  // namespace hourglass
