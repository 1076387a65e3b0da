#include "math/transpose.hpp"

#include <algorithm>
#include <array>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// In tiles, each copied first: of a matrix whose stride is a power of two all rows of a column lie
// in the same few lines of the cache.
template <class T>
void transpose_tiles(MatrixView<const T> from, MatrixView<T> to) {
  require(to.rows == from.columns && to.columns == from.rows,
          "the shapes of a transposition disagree");
  constexpr Index tile = 32;
  std::array<T, static_cast<std::size_t>(tile * tile)> copied;
  for (Index i = 0; i < from.rows; i += tile) {
    const Index rows = std::min(tile, from.rows - i);
    for (Index j = 0; j < from.columns; j += tile) {
      const Index columns = std::min(tile, from.columns - j);
      for (Index r = 0; r < rows; ++r)
        std::copy_n(&from(i + r, j), columns, copied.data() + r * tile);
      for (Index c = 0; c < columns; ++c) {
        for (Index r = 0; r < rows; ++r)
          to(j + c, i + r) = copied[static_cast<std::size_t>(r * tile + c)];
      }
    }
  }
}

}  // namespace

void transpose(ConstMatrix from, Matrix to) { transpose_tiles(from, to); }

void transpose(MatrixView<const Bfloat16> from, MatrixView<Bfloat16> to) {
  transpose_tiles(from, to);
}

}  // namespace hourglass
