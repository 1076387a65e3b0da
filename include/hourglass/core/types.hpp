#pragma once

#include <cstdint>

namespace hourglass {

/// Signed size and position type of the whole library (rows, features, bytes).
using Index = std::int64_t;

/// A half-open range [begin, end) of positions: rows of a data set, leaves of a tree or floats of
/// an arena.
struct Range {
  Index begin = 0;
  Index end = 0;

  [[nodiscard]] constexpr Index size() const { return end - begin; }
  [[nodiscard]] constexpr bool empty() const { return begin == end; }
  friend constexpr bool operator==(const Range&, const Range&) = default;
};

/// Floats per cache line group: tensors, segments and digests are cut at multiples of this many
/// floats, so that no vector loop ever ends inside another tensor.
inline constexpr Index cell_floats = 64;

[[nodiscard]] constexpr Index round_up(Index value, Index multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The range that part `part` of `parts` owns when `total` items are cut as evenly as possible:
/// [part * total / parts, (part + 1) * total / parts); sizes differ by at most one.
[[nodiscard]] constexpr Range even_part(Index total, Index parts, Index part) {
  // floor(part * total / parts) without the product, which may exceed 63 bits for data sets with
  // billions of rows.
  const auto cut = [&](Index p) { return p * (total / parts) + p * (total % parts) / parts; };
  return {cut(part), cut(part + 1)};
}

}  // namespace hourglass
