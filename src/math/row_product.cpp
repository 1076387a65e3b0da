#include "math/row_product.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "math/lanes.hpp"

namespace hourglass {

namespace {

using lanes::Vector;

constexpr Index panel_vectors = 4;
constexpr Index panel_outputs = panel_vectors * lanes::count;
// Rows that share one reading of the weight, as far as there are registers for their sums.
#ifdef __AVX512F__
constexpr Index rows_at_once = 4;
#else
constexpr Index rows_at_once = 1;
#endif

Index next_block(Index rest, Index block) {
  if (rest >= 2 * block) return block;
  return rest > block ? round_up(rest / 2, 16) : rest;
}

// `rows` rows of x times one panel of `vectors` vectors.
template <Index rows, Index vectors>
void multiply_panel(ConstMatrix x, const float* panel, Index block, Matrix y) {
  constexpr auto count = static_cast<std::size_t>(rows * vectors);
  std::array<Vector, count> total{};
  const float* weight = panel;
  for (Index begin = 0; begin < x.columns;) {
    const Index end = begin + next_block(x.columns - begin, block);
    std::array<Vector, count> sum{};
    for (Index k = begin; k < end; ++k, weight += vectors * lanes::count) {
      for (Index v = 0; v < vectors; ++v) {
        const Vector w = lanes::load(weight + v * lanes::count);
        for (Index r = 0; r < rows; ++r) {
          Vector& s = sum[static_cast<std::size_t>(r * vectors + v)];
          s = lanes::multiply_add(lanes::splat(x.data[r * x.stride + k]), w, s);
        }
      }
    }
    for (std::size_t i = 0; i < count; ++i) total[i] += sum[i];
    begin = end;
  }
  for (Index r = 0; r < rows; ++r) {
    std::array<float, static_cast<std::size_t>(vectors * lanes::count)> row{};
    for (Index v = 0; v < vectors; ++v)
      lanes::store(total[static_cast<std::size_t>(r * vectors + v)], row.data() + v * lanes::count);
    std::copy_n(row.begin(), y.columns, y.row(r).begin());
  }
}

template <Index rows>
void multiply_rows(ConstMatrix x, const float* panels, Index block, Matrix y) {
  for (Index begin = 0; begin < y.columns; begin += panel_outputs) {
    const Index outputs = std::min(panel_outputs, y.columns - begin);
    const Matrix part(y.data + begin, rows, outputs, y.stride);
    const float* panel = panels + begin * x.columns;
    switch ((outputs + lanes::count - 1) / lanes::count) {
      case 1:
        multiply_panel<rows, 1>(x, panel, block, part);
        break;
      case 2:
        multiply_panel<rows, 2>(x, panel, block, part);
        break;
      case 3:
        multiply_panel<rows, 3>(x, panel, block, part);
        break;
      default:
        multiply_panel<rows, panel_vectors>(x, panel, block, part);
    }
  }
}

}  // namespace

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
const bool RowProduct::is_fast = true;
#else
const bool RowProduct::is_fast = false;
#endif

RowProduct::RowProduct(ConstMatrix weight, bool transposed, Index block)
    : inputs_(transposed ? weight.rows : weight.columns),
      outputs_(transposed ? weight.columns : weight.rows),
      block_(block),
      panels_(inputs_ * round_up(outputs_, lanes::count)) {
  require(block > 0, "a row product of empty blocks");
  for (Index begin = 0; begin < outputs_; begin += panel_outputs) {
    const Index outputs = std::min(panel_outputs, outputs_ - begin);
    const Index width = round_up(outputs, lanes::count);
    float* to = panels_.data() + begin * inputs_;
    for (Index k = 0; k < inputs_; ++k, to += width) {
      for (Index j = 0; j < outputs; ++j)
        to[j] = transposed ? weight(k, begin + j) : weight(begin + j, k);
    }
  }
}

void RowProduct::multiply(ConstMatrix x, Matrix y) const {
  require(x.columns == inputs_ && y.columns == outputs_ && x.rows == y.rows,
          "the shapes of a matrix product disagree");
  Index r = 0;
  for (; r + rows_at_once <= x.rows; r += rows_at_once) {
    multiply_rows<rows_at_once>({x.data + r * x.stride, rows_at_once, inputs_, x.stride},
                                panels_.data(), block_,
                                {y.data + r * y.stride, rows_at_once, outputs_, y.stride});
  }
  for (; r < x.rows; ++r) {
    multiply_rows<1>({x.data + r * x.stride, 1, inputs_, x.stride}, panels_.data(), block_,
                     {y.data + r * y.stride, 1, outputs_, y.stride});
  }
}

}  // namespace hourglass
